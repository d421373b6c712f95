//! `[runtime]`: the C runtime.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Source;
use crate::platform::Architecture;

/// The C runtime: glibc and the runtime libraries of GCC, as archives (`.deb` or tar) for each architecture.
///
/// With `libc = "any"` it becomes part of the volume. With `"gnu"` it stays outside; what is given for the
/// platform that the build runs on lets Python's modules be compiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// Archives for `linux/amd64`, each with a name of its own.
    #[serde(default)]
    pub amd64: BTreeMap<String, Source>,
    /// Archives for `linux/arm64`, each with a name of its own.
    #[serde(default)]
    pub arm64: BTreeMap<String, Source>,
}

impl Runtime {
    /// The archives for an architecture.
    pub fn archives(&self, architecture: Architecture) -> &BTreeMap<String, Source> {
        match architecture {
            Architecture::Amd64 => &self.amd64,
            Architecture::Arm64 => &self.arm64,
        }
    }
}
