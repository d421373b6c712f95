//! What a step is told: one JSON document, written by `lower` and read by the tool inside the step.
//!
//! A step's command line is `krunner-frontend tool STEP.json`. All paths are absolute inside the step.
//! A step writes nothing but its `out` folders (and `/tmp`), and stamps every entry it made
//! with `epoch`, owner 0:0 and a normalised mode.

use std::collections::BTreeMap;
use std::path::PathBuf;

use krunner::digest::Digest;
use krunner::platform::Architecture;
use krunner::sbom::Parts;
use serde::{Deserialize, Serialize};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Takes the C runtime's libraries and licences out of archives.
    Runtime {
        /// The archives.
        archives: Vec<Bytes>,
        /// Relative to `out`.
        folder: String,
        /// For the ELF gate, and for the loader's name.
        architecture: Architecture,
        /// Seconds since 1970.
        epoch: u64,
        /// Where the tree goes.
        out: PathBuf,
    },
    /// Unpacks a distribution and normalises it.
    Python {
        /// The archive, or a folder (see [`Bytes`]).
        source: Bytes,
        /// Leading folder to take off.
        strip: String,
        /// What is left out.
        slim: Slim,
        /// The C runtime that its programs find in the volume; none if they use the image's.
        portable: Option<Portable>,
        /// What compiles its modules, if they are compiled.
        compiler: Option<Compiler>,
        /// For the ELF gate.
        architecture: Architecture,
        /// Seconds since 1970.
        epoch: u64,
        /// Where the tree goes.
        out: PathBuf,
    },
    /// Installs wheels into trees of their own, each of which is a part of the volume.
    Wheels {
        /// Which wheels go where, in order.
        parts: Vec<Part>,
        /// Relative to every `out`.
        site_packages: String,
        /// The volume's own interpreter.
        interpreter: String,
        /// What is left out.
        slim: Slim,
        /// The C runtime that their libraries find in the volume; none if they use the image's.
        portable: Option<Portable>,
        /// What compiles their modules, if they are compiled.
        compiler: Option<Compiler>,
        /// For the ELF gate.
        architecture: Architecture,
        /// Seconds since 1970.
        epoch: u64,
    },
    /// Lays out the root in which ttyd is compiled.
    Toolchain {
        /// Wheels that carry tools; each is unpacked under `/opt/tools/NAME`.
        wheels: Vec<Wheel>,
        /// Archives unpacked onto the root.
        archives: Vec<Bytes>,
        /// Seconds since 1970.
        epoch: u64,
        /// Where the root goes.
        out: PathBuf,
    },
    /// Patches, compiles and verifies ttyd, inside the toolchain's root.
    Ttyd {
        /// Source archives by component.
        sources: BTreeMap<String, Bytes>,
        /// What it must be.
        target: Target,
        /// Seconds since 1970.
        epoch: u64,
        /// Where `bin/ttyd` and `licenses/` go.
        out: PathBuf,
    },
    /// Takes a ready-made ttyd and verifies it like a built one.
    TtydBinary {
        /// The binary, or an archive with it.
        binary: Bytes,
        /// What it must be.
        target: Target,
        /// Seconds since 1970.
        epoch: u64,
        /// Where `bin/ttyd` goes.
        out: PathBuf,
    },
    /// Makes mount points, further files, and the licences of what has no layer to put them in.
    Base {
        /// Empty folders, relative to `out`.
        mount_points: Vec<String>,
        /// Further files.
        files: Vec<File>,
        /// The finished python tree, for its licence.
        python: PathBuf,
        /// What the whole volume must pass, if this is the last step of one.
        gates: Option<Gates>,
        /// Seconds since 1970.
        epoch: u64,
        /// Where the tree goes.
        out: PathBuf,
    },
    /// Writes the bill of materials of finished trees, which it only reads.
    Sbom {
        /// What the plan knows.
        parts: Box<Parts>,
        /// The trees, by their layer.
        trees: BTreeMap<String, PathBuf>,
        /// What has no digest yet, and gets one in the document.
        unpinned: Vec<Bytes>,
        /// Seconds since 1970.
        epoch: u64,
        /// Where the document goes.
        out: PathBuf,
    },
}

/// What is left out of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slim {
    /// Globs, relative to `out`.
    pub drop: Vec<String>,
    /// Globs of what stays all the same.
    pub keep: Vec<String>,
    /// Whether programs and libraries lose what only debuggers and linkers read.
    pub strip_symbols: bool,
}

/// A volume that carries its own C runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portable {
    /// Where containers mount the volume.
    pub prefix: String,
    /// Where the C runtime lies, relative to the volume.
    pub folder: String,
    /// The file name of the dynamic loader.
    pub loader: String,
}

/// A Python of the build platform, in the same version as the volume's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compiler {
    /// The unpacked distribution.
    pub python: PathBuf,
    /// The tree that holds the C runtime.
    pub runtime: PathBuf,
    /// Where in that tree.
    pub folder: String,
    /// The file name of the dynamic loader.
    pub loader: String,
    /// Where containers mount the volume: modules name their sources by it.
    pub prefix: String,
}

/// What ttyd must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The version that it must report.
    pub version: String,
    /// Seconds.
    pub ping: u16,
    /// Seconds.
    pub hangup: u16,
    /// The target's.
    pub architecture: Architecture,
    /// The build platform's: the binary is run when both are the same.
    pub build_architecture: Architecture,
}

/// What the whole volume must pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gates {
    /// The other trees of the volume.
    pub trees: Vec<PathBuf>,
    /// `gnu`, `musl` or `any`.
    pub libc: String,
    /// Where containers mount the volume.
    pub prefix: String,
    /// The target's.
    pub architecture: Architecture,
    /// Whether every module has bytecode.
    pub bytecode: bool,
}

/// Bytes that the engine put into the step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bytes {
    /// How messages call it: the input's name and where the spec asks for it, such as
    /// `python-arm64 (krunner.toml:14)`.
    pub name: String,
    /// A file; or a folder, which is either the unpacked tree or holds exactly one archive.
    pub path: PathBuf,
    /// To be checked by the tool, for what the engine did not check.
    pub sha256: Option<Digest>,
}

/// Wheels that share a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The wheels, in order.
    pub wheels: Vec<Wheel>,
    /// Where the tree goes.
    pub out: PathBuf,
}

/// One wheel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// Normalised name.
    pub package: String,
    /// Version as locked.
    pub version: String,
    /// The archive.
    pub archive: Bytes,
}

/// One further file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Relative to `out`.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// The bytes.
    pub source: Bytes,
}
