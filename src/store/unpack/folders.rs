//! The folders of a volume that is being made, opened beneath its root and kept open for what comes next.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Mode;
use rustix::io::Errno;

use super::{occupied, umask};
use crate::store::beneath;

/// Folders that one layer keeps open. Archives come back to a folder after what is beneath it, and processes may
/// have a thousand files open.
const OPEN: usize = 64;
/// The mode of folders that were made.
pub(super) const MADE: u32 = 0o755;

/// Folders by their paths.
#[derive(Debug)]
pub(in crate::store) struct Folders {
    root: Arc<OwnedFd>,
    open: HashMap<PathBuf, Arc<OwnedFd>>,
    /// Where the last one was: the next is mostly there, too.
    last: Option<(PathBuf, Arc<OwnedFd>)>,
}

impl Folders {
    pub(in crate::store) fn new(root: &Arc<OwnedFd>) -> Self {
        Self {
            root: Arc::clone(root),
            open: HashMap::new(),
            last: None,
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

    /// Whether they are those of this root.
    pub(super) fn are_in(&self, root: &Arc<OwnedFd>) -> bool {
        Arc::ptr_eq(&self.root, root)
    }

    fn find(&mut self, path: &Path, make: bool) -> io::Result<Arc<OwnedFd>> {
        if let Some((last, there)) = &self.last
            && last.as_os_str() == path.as_os_str()
        {
            return Ok(Arc::clone(there));
        }
        let there = match self.open.get(path) {
            Some(there) => Arc::clone(there),
            None => self.open(path, make)?,
        };
        self.last = Some((path.to_owned(), Arc::clone(&there)));
        Ok(there)
    }

    fn open(&mut self, path: &Path, make: bool) -> io::Result<Arc<OwnedFd>> {
        let opened = match split(path) {
            Ok((parent, name)) if make => made(&*self.make(parent)?, name),
            _ => beneath::folder(&self.root, path),
        };
        let opened = opened.map_err(|error| match error.kind() {
            io::ErrorKind::NotADirectory => occupied(Errno::EXIST, path),
            _ => error,
        });
        let opened = Arc::new(opened?);
        if self.open.len() >= OPEN {
            self.open.clear();
        }
        self.open.insert(path.to_owned(), Arc::clone(&opened));
        Ok(opened)
    }
}

/// Opens a folder in another one, and makes it where it is missing.
fn made(parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let mode = Mode::from_raw_mode(MADE);
    let new = match rustix::fs::mkdirat(parent, name, mode) {
        Ok(()) => true,
        // Another layer may have made it, or this one before.
        Err(Errno::EXIST) => false,
        Err(error) => return Err(error.into()),
    };
    let folder = beneath::folder(parent, Path::new(name))?;
    if new && !umask::spares(MADE) {
        rustix::fs::fchmod(&folder, mode)?;
    }
    Ok(folder)
}

/// The parent and the last name of a path, which has one.
pub(in crate::store) fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    path.parent()
        .zip(path.file_name())
        .ok_or_else(|| io::ErrorKind::InvalidInput.into())
}
