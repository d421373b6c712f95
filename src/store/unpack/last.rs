//! What is made last, when all files are there: their further names, links, and the attributes of folders.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustix::fs::{AtFlags, Mode};
use rustix::io::Errno;

use super::folders::{Folders, MADE, split};
use super::writers::{self, WRITERS, lock};
use super::{KEPT_MODE, occupied, times};
use crate::artifact::links;
use crate::parallel;
use crate::store::beneath;

/// What waits for the end.
#[derive(Debug, Default)]
pub(super) struct Last {
    /// Further names of files, with what they are names of.
    hardlinks: Mutex<Vec<(PathBuf, PathBuf)>>,
    /// Made after all files, so that none can be written through one.
    symlinks: Mutex<BTreeMap<PathBuf, Symlink>>,
    /// Given their modes and times when nothing more is written into them. Of a folder in several layers the
    /// uppermost layer's attributes hold, whichever was unpacked last.
    folders: Mutex<BTreeMap<PathBuf, Attributes>>,
}

#[derive(Debug)]
struct Symlink {
    target: PathBuf,
    mtime: u64,
    /// A volume that has the same one at the same place.
    there: Option<Arc<OwnedFd>>,
}

#[derive(Debug, Default)]
struct Attributes {
    layer: usize,
    mode: u32,
    mtime: u64,
}

impl Last {
    /// A further name of a file.
    pub(super) fn hardlink(&self, path: &Path, target: &Path) {
        lock(&self.hardlinks).push((path.to_owned(), target.to_owned()));
    }

    /// A link; `there` is a volume that has the same one at the same place.
    pub(super) fn symlink(
        &self,
        path: &Path,
        target: &Path,
        mtime: u64,
        there: Option<&Arc<OwnedFd>>,
    ) -> io::Result<()> {
        let link = Symlink {
            target: target.to_owned(),
            mtime,
            there: there.cloned(),
        };
        match lock(&self.symlinks).insert(path.to_owned(), link) {
            Some(_) => Err(occupied(Errno::EXIST, path)),
            None => Ok(()),
        }
    }

    /// What a layer says of a folder.
    pub(super) fn folder(&self, path: &Path, layer: usize, mode: u32, mtime: u64) {
        let mut folders = lock(&self.folders);
        let attributes = folders.entry(path.to_owned()).or_default();
        if layer >= attributes.layer {
            *attributes = Attributes { layer, mode, mtime };
        }
    }

    /// Makes all of it.
    pub(super) fn make(&self, root: &Arc<OwnedFd>) -> io::Result<()> {
        make_hardlinks(root, taken(&self.hardlinks))?;
        make_symlinks(root, taken(&self.symlinks))?;
        // Nothing is made in them any more, so none is touched again.
        set_attributes(root, taken(&self.folders))
    }
}

fn make_hardlinks(root: &Arc<OwnedFd>, all: Vec<(PathBuf, PathBuf)>) -> io::Result<()> {
    let mut open = Folders::new(root);
    for (path, target) in all {
        let (folder, name) = split(&target)?;
        let target = open.get(folder)?;
        let (folder, new) = split(&path)?;
        rustix::fs::linkat(&target, name, &open.make(folder)?, new, AtFlags::empty())
            .map_err(|error| occupied(error, &path))?;
    }
    Ok(())
}

fn make_symlinks(root: &Arc<OwnedFd>, all: BTreeMap<PathBuf, Symlink>) -> io::Result<()> {
    links::check(all.iter().map(|(path, link)| (path, &link.target)))?;
    each(all, |part| {
        let mut open = Folders::new(root);
        let mut other: Option<Folders> = None;
        for (path, link) in part {
            let (folder, name) = split(&path)?;
            let into = open.make(folder)?;
            if let Some(there) = &link.there {
                let from = other
                    .take()
                    .filter(|other| other.are_in(there))
                    .unwrap_or_else(|| Folders::new(there));
                let from = other.insert(from).get(folder)?;
                if writers::link(&from, &into, name, &path)? {
                    continue;
                }
            }
            rustix::fs::symlinkat(link.target, &into, name)
                .map_err(|error| occupied(error, &path))?;
            let time = times(link.mtime)?;
            rustix::fs::utimensat(&into, name, &time, AtFlags::SYMLINK_NOFOLLOW)?;
        }
        Ok(())
    })
}

fn set_attributes(root: &Arc<OwnedFd>, all: BTreeMap<PathBuf, Attributes>) -> io::Result<()> {
    each(all, |part| {
        for (path, attributes) in part {
            let folder = beneath::folder(root, &path)?;
            let mode = attributes.mode & KEPT_MODE | 0o700;
            if mode != MADE {
                rustix::fs::fchmod(&folder, Mode::from_raw_mode(mode))?;
            }
            rustix::fs::futimens(&folder, &times(attributes.mtime)?)?;
        }
        Ok(())
    })
}

/// Has several threads each do a part of something, in which neighbours are close in order.
fn each<K: Send, V: Send>(
    all: BTreeMap<K, V>,
    work: impl Fn(Vec<(K, V)>) -> io::Result<()> + Sync,
) -> io::Result<()> {
    let part = all.len().div_ceil(WRITERS).max(1);
    let mut all = all.into_iter().peekable();
    let mut parts = Vec::new();
    while all.peek().is_some() {
        parts.push(all.by_ref().take(part).collect());
    }
    parallel::map(parts, WRITERS, work).map(drop)
}

fn taken<T: Default>(mutex: &Mutex<T>) -> T {
    mem::take(&mut lock(mutex))
}
