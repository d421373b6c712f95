//! The locks of a spec, read once for all platforms.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::report::Problems;
use crate::spec::lock::Lock;

/// Locks by the paths that the spec names them by. One that is broken is a problem of whatever needs it.
#[derive(Clone, Debug, Default)]
pub struct Locks(BTreeMap<String, Result<Lock, Problems>>);

impl Locks {
    /// Reads the texts of [`crate::spec::Spec::locks`] that were found.
    pub fn parse(texts: &BTreeMap<String, String>) -> Self {
        let read = |(path, text): (&String, &String)| (path.clone(), Lock::parse(path, text));
        Self(texts.iter().map(read).collect())
    }

    /// How many bytes the wheel of this digest has, if a lock says so.
    pub fn size(&self, sha256: Digest) -> Option<u64> {
        let locks = self.0.values().filter_map(|lock| lock.as_ref().ok());
        let mut wheels = locks
            .flat_map(|lock| &lock.packages)
            .flat_map(|package| &package.wheels);
        wheels.find(|wheel| wheel.sha256 == sha256)?.size
    }

    /// The lock at `path`; `None` if it was not found.
    pub(super) fn get(&self, path: &str) -> Option<&Result<Lock, Problems>> {
        self.0.get(path)
    }
}
