//! The folders of a volume that is being made, opened beneath its root and kept open for what comes next.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Mode;
use rustix::io::Errno;

use super::occupied;
use crate::store::beneath;

/// Folders that one layer keeps open. Archives come back to a folder after what is beneath it, and processes may
/// have a thousand files open.
const OPEN: usize = 64;

/// Folders by their paths.
#[derive(Debug)]
pub(in crate::store) struct Folders {
    root: Arc<OwnedFd>,
    open: HashMap<PathBuf, Arc<OwnedFd>>,
}

impl Folders {
    pub(in crate::store) fn new(root: &Arc<OwnedFd>) -> Self {
        Self {
            root: Arc::clone(root),
            open: HashMap::new(),
        }
    }

    /// A folder that is there.
    pub(in crate::store) fn get(&mut self, path: &Path) -> io::Result<Arc<OwnedFd>> {
        self.find(path, false)
    }

    /// A folder, made with those above it where they are missing.
    pub(super) fn make(&mut self, path: &Path) -> io::Result<Arc<OwnedFd>> {
        self.find(path, true)
    }

    fn find(&mut self, path: &Path, make: bool) -> io::Result<Arc<OwnedFd>> {
        if let Some(there) = self.open.get(path) {
            return Ok(Arc::clone(there));
        }
        let opened = Arc::new(open(&self.root, path, make)?);
        if self.open.len() >= OPEN {
            self.open.clear();
        }
        self.open.insert(path.to_owned(), Arc::clone(&opened));
        Ok(opened)
    }
}

/// Opens a folder beneath the root, and makes it and those above it where they are missing and wanted.
fn open(root: &OwnedFd, path: &Path, make: bool) -> io::Result<OwnedFd> {
    match beneath::folder(root, path) {
        Err(error) if make && error.kind() == io::ErrorKind::NotFound => {
            let (parent, name) = split(path)?;
            let parent = open(root, parent, true)?;
            match rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
                // Another layer may have made it meanwhile.
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            let folder = beneath::folder(root, path)?;
            rustix::fs::fchmod(&folder, Mode::from_raw_mode(0o755))?;
            Ok(folder)
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(occupied(Errno::EXIST, path))
        }
        result => result,
    }
}

/// The parent and the last name of a path, which has one.
pub(in crate::store) fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    path.parent()
        .zip(path.file_name())
        .ok_or_else(|| io::ErrorKind::InvalidInput.into())
}
