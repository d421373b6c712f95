//! `[volume]`: the volume as a whole.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::platform::Platform;

/// The volume as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// The distribution key, such as `static-gnu`: the last part of the volume's name on a node.
    /// Lower-case letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The volume's version, a whole number from 1. Nodes keep versions beside each other.
    #[schemars(range(min = 1, max = 4_294_967_295_i64))]
    pub version: u32,
    /// The C library of the images that the volume is for.
    pub libc: Libc,
    /// The absolute path at which containers mount the volume.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// The platforms that the volume is built for, the baseline first.
    #[schemars(length(min = 1))]
    pub platforms: Vec<Platform>,
    /// Modification time of every file, in seconds since 1970. The build argument `SOURCE_DATE_EPOCH`
    /// overrides it.
    #[serde(default = "default_epoch")]
    #[schemars(range(min = 0, max = 4_294_967_295_i64))]
    pub epoch: u64,
    /// Empty folders that must exist inside the read-only volume because something is mounted on them,
    /// relative to the volume.
    #[serde(default)]
    pub mount_points: Vec<String>,
}

/// A flavour of C library.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Libc {
    /// glibc: Debian, Ubuntu, Red Hat and their kin.
    Gnu,
    /// musl: Alpine and its kin.
    Musl,
    /// One volume for images of either kind.
    Any,
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gnu => "gnu",
            Self::Musl => "musl",
            Self::Any => "any",
        })
    }
}

fn default_prefix() -> String {
    "/opt/backend.ai".to_owned()
}

/// The start of 2024. Any fixed time would do; one that tools do not warn about is best.
fn default_epoch() -> u64 {
    1_704_067_200
}
