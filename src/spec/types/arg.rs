//! `[args]`: what the command line may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An argument: its default, or a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Arg {
    /// The default, as in `FLAVOUR = "stable"`.
    Default(String),
    /// A default, a description, both or neither.
    Table(ArgTable),
}

/// An argument with a description, or without a default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArgTable {
    /// The value when the command line gives none. Without it, the argument must be given when it is used.
    pub default: Option<String>,
    /// What it is for. Shown when the argument is missing.
    pub description: Option<String>,
}

impl Arg {
    /// The value when the command line gives none.
    pub fn default(&self) -> Option<&str> {
        match self {
            Self::Default(value) => Some(value),
            Self::Table(table) => table.default.as_deref(),
        }
    }

    /// What it is for.
    pub fn description(&self) -> Option<&str> {
        match self {
            Self::Default(_) => None,
            Self::Table(table) => table.description.as_deref(),
        }
    }
}
