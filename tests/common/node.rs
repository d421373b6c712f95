//! A node: a store, beside what a publisher makes for it.

use krunner::store::Store;
use tempfile::TempDir;

/// A store, and a publisher that makes one version after the other.
pub(crate) struct Node {
    pub(crate) dir: TempDir,
    pub(crate) store: Store,
}

impl Node {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::init(&dir.path().join("store")).unwrap();
        Self { dir, store }
    }
}
