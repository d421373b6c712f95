//! Why a step failed, in words that make sense in a build log.

use std::io;
use std::path::{Path, PathBuf};

use super::path::EntryPath;
use super::refusal::Refusal;
use super::{
    archive, bytecode, elf, gates, normalise, program, python, runtime, toolchain, ttyd, wheel,
};

/// Why a step failed. Its display is the whole message: input and place, file, reason, and a hint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The document that says what to do cannot be read.
    #[error("Cannot read the step `{}`: {source}", path.display())]
    ReadStep {
        /// Where it should be.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The document that says what to do is not understood.
    #[error(
        "Cannot understand the step `{}`: {source}\nhint: the tool and the frontend must be of the same build; load the frontend image again", path.display()
    )]
    ParseStep {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// An input was refused.
    #[error(transparent)]
    Archive(#[from] archive::Error),
    /// A file of a foreign machine.
    #[error("{input}: {fault}")]
    Elf {
        /// The input, and where the spec asks for it.
        input: String,
        /// What and why.
        fault: elf::Error,
    },
    /// The distribution is no Python.
    #[error("{input}: {fault}")]
    Python {
        /// The input, and where the spec asks for it.
        input: String,
        /// What and why.
        fault: python::Fault,
    },
    /// The bill of materials breaks rules of its format.
    #[error(
        "The bill of materials is not as SPDX wants it:\n{0}\nhint: this is a defect; build without it meanwhile"
    )]
    Sbom(String),
    /// A glob of what is left out or kept does not parse.
    #[error("`slim` has a glob that does not parse: {0}")]
    Slim(#[from] globset::Error),
    /// A program or library could not be rewritten.
    #[error(
        "{input}: `{file}`: {fault}\nhint: leave the file out by `slim`, or give a build of it for this system"
    )]
    Program {
        /// The input, and where the spec asks for it.
        input: String,
        /// Relative to the volume.
        file: String,
        /// Why.
        fault: program::Fault,
    },
    /// The C runtime lacks something.
    #[error("{input}: {fault}")]
    Runtime {
        /// The inputs, and where the spec asks for them.
        input: String,
        /// What.
        fault: runtime::Fault,
    },
    /// The modules could not be compiled.
    #[error("{input}: {fault}")]
    Bytecode {
        /// The input, and where the spec asks for it.
        input: String,
        /// Why.
        fault: bytecode::Fault,
    },
    /// A wheel was refused.
    #[error(transparent)]
    Wheel(#[from] wheel::Error),
    /// The distribution has no licence.
    #[error(
        "The distribution has no licence in itself, `licenses` or `lib/python3.N`: `{}`\nhint: what is shipped needs a licence; do not leave it out by `slim`", .0.display()
    )]
    NoPythonLicence(PathBuf),
    /// The toolchain lacks something.
    #[error(transparent)]
    Toolchain(#[from] toolchain::Fault),
    /// ttyd could not be built or taken.
    #[error(transparent)]
    Ttyd(#[from] ttyd::Fault),
    /// The volume has files that no volume may have.
    #[error(transparent)]
    Gates(#[from] gates::Fault),
    /// The result could not be stamped.
    #[error(transparent)]
    Normalise(#[from] normalise::Error),
    /// The result could not be written.
    #[error("Cannot write `{}`: {source}", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// For a failure to write `path`.
    pub(super) fn out(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Write { path, source }
    }

    /// For a path that `input` asks for and that was refused.
    pub(super) fn refused(input: &str, path: &str, refusal: Refusal) -> Self {
        Self::Archive(archive::Error {
            input: input.to_owned(),
            entry: Some(path.to_owned()),
            refusal,
        })
    }

    /// For an entry of `input` that was refused.
    pub(super) fn at(input: &str) -> impl FnOnce((EntryPath, Refusal)) -> Self {
        let input = input.to_owned();
        |(entry, refusal)| {
            Self::Archive(archive::Error {
                input,
                entry: Some(entry.to_string()),
                refusal,
            })
        }
    }
}
