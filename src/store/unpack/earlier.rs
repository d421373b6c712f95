//! Files that an earlier volume has just so: linked from there, after every byte was compared.
//!
//! A layer in which one wheel changed has all the others as they were. It is fetched and decompressed as a whole, but only
//! what is new is written: the rest is compared, which costs less than writing it, and takes no room.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};

use super::KEPT_MODE;
use crate::artifact::tarball::{Entry, Kind};
use crate::store::attributes;

/// A volume whose files may be linked.
#[derive(Debug)]
pub(in crate::store) struct Earlier {
    pub(super) fs: Arc<OwnedFd>,
    /// Sizes, modes and times.
    files: HashMap<PathBuf, (u64, u32, u64)>,
}

impl Earlier {
    /// The files of some layers of a volume.
    pub(in crate::store) fn new(
        fs: Arc<OwnedFd>,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Self {
        let files = entries.into_iter().filter(|entry| entry.kind == Kind::File);
        Self {
            fs,
            files: files
                .map(|entry| (entry.path, (entry.size, entry.mode, entry.mtime)))
                .collect(),
        }
    }

    /// Whether a file may be the same.
    pub(super) fn has(&self, entry: &Entry) -> bool {
        self.files.get(&entry.path) == Some(&(entry.size, entry.mode, entry.mtime))
    }
}

/// Opens what may be the same file, if it still looks as it did.
pub(super) fn open(
    folder: &OwnedFd,
    name: &OsStr,
    size: u64,
    mode: u32,
    mtime: u64,
) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(folder, name, flags, Mode::empty()).ok()?;
    let file = File::from(file);
    let meta = file.metadata().ok()?;
    let same = meta.is_file()
        && meta.len() == size
        && attributes::fault(&meta, mode & KEPT_MODE, mtime).is_none();
    same.then_some(file)
}

/// Whether the next bytes of a file are these.
pub(super) fn goes_on(file: &mut File, bytes: &[u8], buffer: &mut Vec<u8>) -> bool {
    buffer.resize(bytes.len(), 0);
    file.read_exact(buffer).is_ok() && buffer[..] == *bytes
}

/// Copies what was the same up to here.
pub(super) fn copy_start(from: &mut File, bytes: u64, to: &mut File) -> io::Result<()> {
    from.rewind()?;
    let copied = io::copy(&mut from.take(bytes), to)?;
    if copied == bytes {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
