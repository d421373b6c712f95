//! A folder for what a step makes on its way, and does not ship.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that only this process uses, taken away when it is dropped.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Makes a new folder, `purpose` being part of its name.
    pub(super) fn new(purpose: &str) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // The root of a step has no `/tmp` of its own where the engine mounts none.
        let parent = std::env::temp_dir();
        std::fs::create_dir_all(&parent)?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("krunner-{purpose}-{}-{count}", std::process::id());
        let path = parent.join(name);
        // Fails for a folder that is there, so that nobody else's is written to.
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays goes with the step's root.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
