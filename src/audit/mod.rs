//! The gates that a finished volume passes before it is given to anybody, and what `krunner audit` says of any volume.
//!
//! One file is one gate. A gate reads a [`Tree`], which is walked once, and finds faults; it changes nothing and prints
//! nothing. `docs/audit.md` gives the reason for each and what to do.

mod closure;
mod detect;
mod finding;
mod gate;
mod profile;
mod python;
mod tree;

use std::io;
use std::path::{Path, PathBuf};

pub use detect::Detected;
pub use finding::{Finding, Gate, Severity};
pub use profile::{Libc, PREFIX, Profile, RUNTIME, UnknownLibc};
pub use tree::Tree;

/// Why there is nothing to say of a volume.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder that the audit was asked to look into.
    #[error("Cannot read `{}`: {source}", path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// More than any volume has.
    #[error("`{}` is no volume: it has more than {limit} files and folders", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// How many are too many.
        limit: usize,
    },
}

/// Everything that is wrong with the volume that `roots` make together: a file of a later root takes the place of the
/// one that an earlier root has in the same place. Sorted by gate and file.
pub fn audit(roots: &[&Path], profile: &Profile) -> Result<Vec<Finding>, Error> {
    Ok(Tree::read(roots)?.audit(profile))
}

impl Tree {
    /// Everything that is wrong with the volume, sorted by gate and file.
    pub fn audit(&self, profile: &Profile) -> Vec<Finding> {
        let mut findings = gate::all(self, profile);
        findings.sort();
        findings.dedup();
        findings
    }
}
