//! Layers that another volume has: each file and link gets a further name here, if it looks as it was unpacked there.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, statat};

use super::folders::{Folders, split};
use super::writers::{self, WRITERS};
use super::{KEPT_MODE, Unpacker};
use crate::artifact::tarball::{Entry, Kind};
use crate::parallel;

/// Entries that one thread links at a time.
const LINKED: usize = 256;

/// A layer that another volume has.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Donated<'a> {
    /// Which layer it is.
    pub(in crate::store) number: usize,
    /// The other volume's files.
    pub(in crate::store) from: &'a Arc<OwnedFd>,
    /// What the layer has.
    pub(in crate::store) entries: &'a [Entry],
}

/// Why a layer could not be linked.
#[derive(Debug)]
pub(in crate::store) enum Unlinked {
    /// It is not what it was there, or its files take no further names.
    Changed,
    /// It cannot be made here.
    Failed(io::Error),
}

impl From<io::Error> for Unlinked {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Unpacker {
    /// Makes the entries of layers whose files are in other volumes. Returns which layer could not be linked, and why.
    pub(in crate::store) fn link(&self, layers: &[Donated<'_>]) -> Result<(), (usize, Unlinked)> {
        // In small parts, so that all threads end together, and seldom are in one folder, where they would wait for each other.
        let parts = layers.iter().flat_map(|layer| {
            let parts = layer.entries.chunks(LINKED);
            parts.map(|entries| Donated { entries, ..*layer })
        });
        let link = |part: Donated<'_>| self.link_part(&part).map_err(|error| (part.number, error));
        parallel::map(parts.collect(), WRITERS, link).map(drop)
    }

    fn link_part(&self, part: &Donated<'_>) -> Result<(), Unlinked> {
        let mut making = self.making(part.number)?;
        let mut others = Folders::new(part.from);
        for entry in part.entries {
            match &entry.kind {
                Kind::File => {
                    let (folder, name) = split(&entry.path)?;
                    let from = others.get(folder).map_err(|_| Unlinked::Changed)?;
                    check(&from, name, entry)?;
                    let to = making.folders.make(folder)?;
                    if !writers::link(&from, &to, name, &entry.path)? {
                        return Err(Unlinked::Changed);
                    }
                    self.count(entry);
                }
                Kind::Symlink(target) => {
                    let (folder, name) = split(&entry.path)?;
                    let from = others.get(folder).map_err(|_| Unlinked::Changed)?;
                    check(&from, name, entry)?;
                    self.last
                        .symlink(&entry.path, target, entry.mtime, Some(part.from))?;
                    self.count(entry);
                }
                Kind::Folder | Kind::Hardlink(_) => {
                    self.entry(entry, &mut io::empty(), &mut making)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a file or link looks as it was unpacked: size, mode and time, but not content.
fn check(folder: &OwnedFd, name: &OsStr, entry: &Entry) -> Result<(), Unlinked> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|_| Unlinked::Changed)?;
    let (kind, mode, size) = match &entry.kind {
        Kind::Symlink(target) => {
            let size = target.as_os_str().len() as u64;
            (FileType::Symlink, stat.st_mode & 0o7777, size)
        }
        _ => (FileType::RegularFile, entry.mode & KEPT_MODE, entry.size),
    };
    let same = FileType::from_raw_mode(stat.st_mode) == kind
        && stat.st_mode & 0o7777 == mode
        && u64::try_from(stat.st_size) == Ok(size)
        && u64::try_from(stat.st_mtime) == Ok(entry.mtime);
    if same { Ok(()) } else { Err(Unlinked::Changed) }
}
