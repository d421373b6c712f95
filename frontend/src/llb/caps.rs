//! Capabilities: what the engine says it can do.

use std::collections::BTreeMap;

/// The engine's capabilities for build graphs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caps(BTreeMap<String, bool>);

impl Caps {
    /// From what the engine listed: a name, and whether it is switched on.
    pub fn new(list: impl IntoIterator<Item = (String, bool)>) -> Self {
        Self(list.into_iter().collect())
    }

    /// Whether the engine knows `name` and has it switched on.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).copied().unwrap_or(false)
    }
}
