//! `[python]`: the Python distribution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Source;
use crate::platform::Architecture;

/// The Python distribution: a relocatable CPython, as an archive for each architecture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Python {
    /// The full version, such as `3.13.2`.
    pub version: String,
    /// The archive's leading folder, which is taken off every path; none if empty.
    #[serde(default)]
    pub strip: String,
    /// The archive for `linux/amd64`.
    pub amd64: Option<Source>,
    /// The archive for `linux/arm64`.
    pub arm64: Option<Source>,
}

impl Python {
    /// The archive for an architecture.
    pub fn source(&self, architecture: Architecture) -> Option<&Source> {
        match architecture {
            Architecture::Amd64 => self.amd64.as_ref(),
            Architecture::Arm64 => self.arm64.as_ref(),
        }
    }
}
