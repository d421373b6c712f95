//! What is left out of the volume, with the reasons.

use super::{Dropped, Slim};
use crate::spec::{self, presets};

/// The spec's presets and its own globs, sorted by glob.
pub(super) fn slim(spec: &spec::Slim) -> Slim {
    let mut known = presets();
    let mut drop = Vec::new();
    for name in &spec.presets {
        // Checked specs name what exists, and a name given twice says nothing new.
        let Some(preset) = known.remove(name) else {
            continue;
        };
        drop.extend(preset.drop.into_iter().map(|pattern| Dropped {
            pattern,
            preset: Some(name.clone()),
            reason: preset.reason.clone(),
        }));
    }
    drop.extend(spec.drop.iter().map(|(pattern, reason)| Dropped {
        pattern: pattern.clone(),
        preset: None,
        reason: reason.clone(),
    }));
    drop.sort();
    let mut keep = spec.keep.clone();
    keep.sort();
    Slim {
        drop,
        keep,
        strip_symbols: spec.strip_symbols,
    }
}
