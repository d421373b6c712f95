//! Where bytes come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where bytes come from: exactly one of `url`, `path` and `context`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// An `http` or `https` address. Needs `sha256`. May use arguments.
    pub url: Option<String>,
    /// A file of the main build context, relative to it.
    pub path: Option<String>,
    /// A context that the command line names, as in `--build-context NAME=…`.
    pub context: Option<String>,
    /// The SHA-256 digest of the file: 64 lower-case hex digits.
    pub sha256: Option<String>,
}
