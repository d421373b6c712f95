//! What is left out of the volume, with the reasons.

use std::collections::BTreeSet;

use super::{Dropped, Slim};
use crate::spec::{self, presets};

/// The spec's presets and its own globs, sorted by glob.
pub(super) fn slim(spec: &spec::Slim) -> Slim {
    let mut drop = Vec::new();
    // A name given twice says nothing new.
    let named: BTreeSet<&String> = spec.presets.iter().collect();
    // Checked specs name what exists.
    let known = |name| Some((name, presets().get(name)?));
    for (name, preset) in named.into_iter().filter_map(known) {
        drop.extend(preset.drop.iter().map(|pattern| Dropped {
            pattern: pattern.clone(),
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
