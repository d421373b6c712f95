//! `[slim]`: what is left out of the volume.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is left out of the volume, although the distribution or a wheel brings it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slim {
    /// Named lists of what no volume needs, such as `tests`, `tk` and `headers`; `docs/spec.md` has them all.
    #[serde(default)]
    pub presets: Vec<String>,
    /// Further globs, relative to the volume, each with the reason for leaving it out.
    #[serde(default)]
    pub drop: BTreeMap<String, String>,
    /// Globs, relative to the volume, of what stays all the same.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Whether programs and libraries lose what only debuggers and linkers read.
    #[serde(default)]
    pub strip_symbols: bool,
}
