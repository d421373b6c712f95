//! `[ttyd]`: the web terminal.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Source;
use crate::platform::Architecture;
use crate::spec::levels::{Glibc, Musl};

/// The web terminal: compiled from `sources` with a `toolchain`, or a ready-made `binary`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ttyd {
    /// The version that `ttyd --version` must report.
    pub version: String,
    /// Seconds without traffic after which the connection is pinged.
    #[serde(default = "default_ping")]
    #[schemars(range(min = 1))]
    pub ping: u16,
    /// Seconds without an answer after which the connection is closed; more than `ping`.
    #[serde(default = "default_hangup")]
    #[schemars(range(min = 1))]
    pub hangup: u16,
    /// Source archives.
    pub sources: Option<TtydSources>,
    /// What compiles the sources.
    pub toolchain: Option<Toolchain>,
    /// Ready-made static binaries.
    pub binary: Option<Binary>,
}

/// Source archives of ttyd and of the libraries that are linked into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TtydSources {
    /// ttyd itself.
    pub ttyd: Source,
    /// The WebSocket library, which is patched for `ping` and `hangup`.
    pub libwebsockets: Source,
    /// The event loop.
    pub libuv: Source,
    /// The JSON library.
    #[serde(rename = "json-c")]
    pub json_c: Source,
    /// The compression library.
    pub zlib: Source,
}

impl TtydSources {
    /// The archives by component, sorted by name.
    pub fn components(&self) -> [(&'static str, &Source); 5] {
        [
            ("json-c", &self.json_c),
            ("libuv", &self.libuv),
            ("libwebsockets", &self.libwebsockets),
            ("ttyd", &self.ttyd),
            ("zlib", &self.zlib),
        ]
    }
}

/// What compiles the sources. Everything in it is for the platform that the build runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// A PEP 751 lock, relative to the spec, of wheels that carry tools: `ziglang`, `cmake`, `ninja`.
    pub lock: Option<String>,
    /// The glibc of the root that the tools run in: wheels may ask for it or for an older one.
    pub glibc: Option<Glibc>,
    /// The musl of the root that the tools run in, instead of `glibc`.
    pub musl: Option<Musl>,
    /// Archives (`.deb` or tar) that are unpacked onto the root when the build runs on `linux/amd64`.
    #[serde(default)]
    pub amd64: BTreeMap<String, Source>,
    /// Archives (`.deb` or tar) that are unpacked onto the root when the build runs on `linux/arm64`.
    #[serde(default)]
    pub arm64: BTreeMap<String, Source>,
}

impl Toolchain {
    /// The archives for an architecture.
    pub fn archives(&self, architecture: Architecture) -> &BTreeMap<String, Source> {
        match architecture {
            Architecture::Amd64 => &self.amd64,
            Architecture::Arm64 => &self.arm64,
        }
    }
}

/// Ready-made static binaries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Binary {
    /// The binary for `linux/amd64`.
    pub amd64: Option<Source>,
    /// The binary for `linux/arm64`.
    pub arm64: Option<Source>,
}

impl Binary {
    /// The binary for an architecture.
    pub fn source(&self, architecture: Architecture) -> Option<&Source> {
        match architecture {
            Architecture::Amd64 => self.amd64.as_ref(),
            Architecture::Arm64 => self.arm64.as_ref(),
        }
    }
}

/// 20 and 30 seconds: below the idle limits of the proxies that stand before a web terminal.
fn default_ping() -> u16 {
    20
}

fn default_hangup() -> u16 {
    30
}
