//! What is asked of the planner.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::platform::Platform;

/// For which platform, on which, with what from the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The platform that the volume is for.
    pub platform: Platform,
    /// The platform that the steps run on.
    pub build_platform: Platform,
    /// `--build-arg NAME=VALUE`.
    pub args: BTreeMap<String, String>,
    /// The names in `--build-context NAME=…`.
    pub contexts: BTreeSet<String>,
}
