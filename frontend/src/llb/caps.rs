//! Capabilities: what the engine says it can do.

use std::collections::BTreeMap;

/// The engine's capabilities for build graphs, or for its gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caps(BTreeMap<String, Cap>);

/// What the engine says of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cap {
    /// It can do it.
    On,
    /// It could, and has it switched off.
    Off {
        /// The engine's reason, which may be empty.
        reason: String,
    },
}

impl Caps {
    /// From what the engine listed.
    pub fn new(list: impl IntoIterator<Item = (String, Cap)>) -> Self {
        Self(list.into_iter().collect())
    }

    /// Whether the engine knows `name` and has it switched on.
    pub fn has(&self, name: &str) -> bool {
        self.get(name) == Some(&Cap::On)
    }

    /// What the engine says of `name`, if it has heard of it.
    pub fn get(&self, name: &str) -> Option<&Cap> {
        self.0.get(name)
    }
}
