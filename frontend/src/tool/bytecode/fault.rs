//! Why modules could not be compiled.

use std::io;
use std::path::{Path, PathBuf};

/// Why modules could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// No interpreter to compile with, or several.
    #[error(
        "The build platform's Python must have exactly one `bin/python3.N`, and has {0}\nhint: `python` of the build platform's architecture must be a whole distribution"
    )]
    Interpreter(usize),
    /// The tree is for another version of Python.
    #[error(
        "The modules are for Python 3.{wanted}, and the build platform's Python is 3.{found}\nhint: give distributions of one version for all architectures"
    )]
    Version {
        /// The tree's minor version, as its folder is called.
        wanted: String,
        /// The compiler's.
        found: u32,
    },
    /// It does not start.
    #[error(
        "Cannot start the build platform's Python with `{}`: {source}\nhint: `runtime` of the build platform's architecture must hold the C runtime that its Python needs", path.display()
    )]
    Start {
        /// The loader.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It works for too long.
    #[error("Compiling the modules took more than {0} seconds and was stopped")]
    TooLong(u64),
    /// It failed, other than for the contents of a module.
    #[error("The build platform's Python failed ({status}); the end of what it said:\n{output}")]
    Failed {
        /// Its exit status.
        status: String,
        /// Its last words.
        output: String,
    },
    /// Not one module compiles.
    #[error("Not one module compiles; the first: {0}")]
    Nothing(String),
    /// Bytecode of a form that is not known.
    #[error(
        "The bytecode has a form that is not known: `{}`\nhint: a newer krunner may know this version of Python; without `[runtime]` nothing is compiled", .0.display()
    )]
    Form(PathBuf),
    /// A file or folder could not be read or written.
    #[error("Cannot use `{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Fault {
    /// For a failure to read or write `path`.
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }
}
