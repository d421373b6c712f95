//! `[wheels]`: Python packages to install.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::levels::{Glibc, Musl};

/// Python packages to install, from a PEP 751 lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wheels {
    /// The lock file, relative to the spec, such as `pylock.toml`.
    pub lock: String,
    /// The newest glibc that a wheel may ask for, with `libc = "gnu"` or `"any"`. Default `2.17`.
    pub glibc: Option<Glibc>,
    /// The newest musl that a wheel may ask for, with `libc = "musl"`. Default `1.2`.
    pub musl: Option<Musl>,
}
