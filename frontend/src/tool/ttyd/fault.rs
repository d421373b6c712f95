//! Why there is no ttyd.

use std::io;
use std::path::PathBuf;

/// Why there is no ttyd.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The spec gives no source for a component.
    #[error("There is no source for {0}\nhint: name it in `ttyd.sources`")]
    NoSource(&'static str),
    /// A source's text is not what the patch was written for.
    #[error(
        "Cannot patch `{file}` of {component}: expected `{wanted}` once, and found it {count} times{near}\nhint: take the version of {component} that the documentation names, or a ready-made `ttyd.binary`"
    )]
    Patch {
        /// Whose source.
        component: &'static str,
        /// Relative to the source.
        file: &'static str,
        /// What is replaced.
        wanted: String,
        /// How often it is there.
        count: usize,
        /// Lines that look like it, each on a line of its own.
        near: String,
    },
    /// A tool failed.
    #[error("{component}: {stage} failed ({status}); the end of what it said:\n{output}")]
    Tool {
        /// What was being compiled.
        component: &'static str,
        /// `configure`, `compile` or `install`.
        stage: &'static str,
        /// How it ended.
        status: String,
        /// Its last lines.
        output: String,
    },
    /// A component without its licence.
    #[error(
        "{component} has no licence: no file `LICENSE*`, `LICENCE*`, `COPYING*`, `COPYRIGHT*` or `NOTICE*` in `{}`\nhint: take the publisher's own archive, which has it", folder.display()
    )]
    NoLicence {
        /// Whose.
        component: &'static str,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// An archive without a ttyd, or with several.
    #[error(
        "{input}: Expected one program `ttyd*` for {machine}, and found {found}\nhint: give the binary itself, or an archive with one"
    )]
    NotOneBinary {
        /// The input, and where the spec asks for it.
        input: String,
        /// As `uname -m` says it.
        machine: &'static str,
        /// How many there are.
        found: usize,
    },
    /// The binary is not what it must be.
    #[error("ttyd: {0}")]
    Verify(#[from] super::verify::Fault),
    /// A file could not be read or written.
    #[error("Cannot read or write `{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program could not be started.
    #[error(
        "Cannot start `{}`: {source}\nhint: its C library is what `ttyd.toolchain` must bring along with the wheels", path.display()
    )]
    Start {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Fault {
    /// For a failure at `path`.
    pub(super) fn file(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }
}
