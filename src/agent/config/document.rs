//! The file as it is written: every key that there is, and no other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::duration;
use crate::platform::Platform;
use crate::store::Mode;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Document {
    pub(super) store: Option<PathBuf>,
    #[serde(default)]
    pub(super) mode: Mode,
    pub(super) keep_last: Option<NonZeroU16>,
    #[serde(default, deserialize_with = "duration::deserialize")]
    pub(super) collect_every: Option<Duration>,
    #[serde(default, deserialize_with = "duration::deserialize")]
    pub(super) forget_after: Option<Duration>,
    #[serde(default, deserialize_with = "duration::deserialize")]
    pub(super) interval: Option<Duration>,
    #[serde(default, deserialize_with = "duration::deserialize")]
    pub(super) jitter: Option<Duration>,
    pub(super) api: Option<Socket>,
    pub(super) plugin: Option<Socket>,
    pub(super) docker: Option<Socket>,
    pub(super) metrics: Option<Listen>,
    #[serde(default)]
    pub(super) references: BTreeMap<String, One>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Socket {
    pub(super) socket: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listen {
    pub(super) listen: SocketAddr,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct One {
    pub(super) reference: Spanned<String>,
    pub(super) platforms: Option<Vec<Platform>>,
    #[serde(default, deserialize_with = "duration::deserialize")]
    pub(super) interval: Option<Duration>,
    #[serde(default, deserialize_with = "duration::deserialize")]
    pub(super) jitter: Option<Duration>,
    #[serde(default)]
    pub(super) docker_volume: bool,
}
