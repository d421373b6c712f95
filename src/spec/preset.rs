//! Presets of `[slim]`: named lists of what a volume does not need, kept as data.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The presets as they are written.
const PRESETS: &str = include_str!("presets.toml");

/// A named list of globs, relative to the volume.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Why no volume needs them.
    pub reason: String,
    /// What is left out.
    pub drop: Vec<String>,
}

/// All presets by name, read once.
pub fn presets() -> &'static BTreeMap<String, Preset> {
    // A test reads the file, so this cannot fail in what is shipped.
    static READ: LazyLock<BTreeMap<String, Preset>> =
        LazyLock::new(|| toml::from_str(PRESETS).unwrap_or_default());
    &READ
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_a_reason_and_globs_that_parse() {
        let presets: BTreeMap<String, Preset> = toml::from_str(PRESETS).unwrap();
        assert!(!presets.is_empty());
        for (name, preset) in presets {
            assert!(
                !preset.reason.is_empty() && !preset.drop.is_empty(),
                "{name}"
            );
            for glob in preset.drop {
                globset::Glob::new(&glob).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }

    #[test]
    fn the_page_has_every_preset_with_its_reason() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/spec.md");
        let page = std::fs::read_to_string(page).unwrap();
        for (name, preset) in presets() {
            let row = format!("| `{name}` | {} |", preset.reason);
            assert!(page.contains(&row), "docs/spec.md lacks: {row}");
        }
    }
}
