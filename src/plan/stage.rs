//! The stages of a plan, in the order in which their layers are stacked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Input;
use crate::platform::Platform;

/// What one platform's volume is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The platform that the volume is for.
    pub platform: Platform,
    /// The platform that the steps run on.
    pub build_platform: Platform,
    /// The volume as a whole.
    pub volume: Volume,
    /// The C runtime, if the volume carries its own.
    pub runtime: Option<Runtime>,
    /// The Python distribution.
    pub python: Python,
    /// What compiles Python's modules, if they are compiled.
    pub bytecode: Option<Bytecode>,
    /// What is left out.
    pub slim: Slim,
    /// The installed packages, if the spec has a lock.
    pub wheels: Option<Wheels>,
    /// The web terminal, if the spec asks for one.
    pub ttyd: Option<Ttyd>,
    /// Mount points and further files.
    pub base: Base,
    /// Labels for the image config.
    pub labels: BTreeMap<String, String>,
    /// Annotations for the manifest.
    pub annotations: BTreeMap<String, String>,
}

/// What holds for the volume as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// The distribution key, such as `static-gnu`.
    pub name: String,
    /// The integer version.
    pub version: u32,
    /// Where containers mount the volume: an absolute path.
    pub prefix: String,
    /// `gnu`, `musl` or `any`.
    pub libc: String,
    /// Modification time of every file, in seconds since 1970.
    pub epoch: u64,
}

/// The Python distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Python {
    /// The full version, such as `3.13.2`.
    pub version: String,
    /// The archive.
    pub source: Input,
    /// The leading folder to take off every path, such as `python`; empty for none.
    pub strip: String,
}

/// glibc and the runtime libraries of GCC for one platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// Where they go, relative to the volume: `lib/glibc`.
    pub folder: String,
    /// The file name of the dynamic loader, such as `ld-linux-x86-64.so.2`.
    pub loader: String,
    /// The archives that hold them.
    pub archives: Vec<Input>,
}

/// What compiles modules: Python on the build platform. Bytecode depends on Python's version, not on its machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytecode {
    /// The distribution for the build platform.
    pub python: Input,
    /// Its leading folder; empty for none.
    pub strip: String,
    /// The C runtime that it runs on.
    pub runtime: Runtime,
}

/// What is left out of the volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slim {
    /// Globs, relative to the volume, sorted.
    pub drop: Vec<Dropped>,
    /// Globs of what stays all the same, sorted.
    pub keep: Vec<String>,
    /// Whether programs and libraries lose what only debuggers and linkers read.
    pub strip_symbols: bool,
}

/// One glob of what is left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dropped {
    /// The glob.
    pub pattern: String,
    /// The preset that it belongs to; none if it stands in the spec.
    pub preset: Option<String>,
    /// Why no volume needs what it matches.
    pub reason: String,
}

/// The packages from the wheel lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wheels {
    /// Where packages go, relative to the volume: `lib/python3.13/site-packages`.
    pub site_packages: String,
    /// First line of entry-point scripts, without `#!`: `/opt/backend.ai/bin/python3.13`.
    pub interpreter: String,
    /// Every package that the target needs, sorted by normalised name.
    pub packages: Vec<Package>,
}

impl Wheels {
    /// The packages by the layer that holds them, in the order in which layers are stacked.
    pub fn layers(&self) -> BTreeMap<&str, Vec<&Package>> {
        let mut layers = BTreeMap::<_, Vec<_>>::new();
        for package in &self.packages {
            if let Some(layer) = package.layer.as_deref() {
                layers.entry(layer).or_default().push(package);
            }
        }
        layers
    }
}

/// One package and the wheel that was chosen for the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Normalised name (PEP 503).
    pub name: String,
    /// Version as locked.
    pub version: String,
    /// The wheel's file name, which carries its tags. Empty when the lock has no wheel that fits and a
    /// named context brings one.
    pub file_name: String,
    /// The layer of the volume that holds it, such as `wheels-attrs`; none for a tool, which is in no layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// The wheel.
    pub wheel: Input,
}

/// The web terminal: built from sources or taken ready-made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ttyd {
    /// The version that `ttyd --version` must report.
    pub version: String,
    /// Seconds without traffic after which libwebsockets sends a ping.
    pub ping: u16,
    /// Seconds without an answer after which it hangs up.
    pub hangup: u16,
    /// How the binary comes about.
    #[serde(flatten)]
    pub sources: TtydSources,
}

/// How the ttyd binary comes about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TtydSources {
    /// Compiled on the build platform.
    Build {
        /// Source archives by component: `ttyd`, `libwebsockets`, `libuv`, `json-c`, `zlib`.
        sources: BTreeMap<String, Input>,
        /// What compiles them.
        toolchain: Toolchain,
    },
    /// A ready-made static binary.
    Binary {
        /// The binary.
        binary: Input,
    },
}

/// The root file system in which ttyd is compiled, for the build platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toolchain {
    /// Wheels that carry tools: `ziglang`, `cmake`, `ninja`.
    pub wheels: Vec<Package>,
    /// Archives (`.deb` or tar) unpacked onto the root: a shell, a libc for the tools.
    pub archives: Vec<Input>,
}

/// Mount points and further files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Empty folders that must exist inside the read-only volume.
    pub mount_points: Vec<String>,
    /// Further files.
    pub files: Vec<File>,
}

/// One further file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where it goes, relative to the volume.
    pub path: String,
    /// Its permission bits.
    pub mode: u32,
    /// Its bytes.
    pub source: Input,
}
