//! Writes layers into a staging folder. `tarball` says what may be written; this module makes it, and lets nothing
//! leave the folder: every object is made by its name alone in a parent opened with `openat2` beneath the root,
//! following no link.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use super::beneath;
use crate::artifact::tarball::{self, Budget, Entry, Kind, Refused};
use crate::artifact::{decompress, links};
use crate::digest::Digest;

/// What of a mode is kept: nobody but the owner may write, and nothing runs as somebody else.
pub(super) const KEPT_MODE: u32 = 0o755;

/// A folder into which the layers of one volume are unpacked, also several at a time.
#[derive(Debug)]
pub(super) struct Unpacker {
    root: OwnedFd,
    budget: Budget,
    entries: AtomicU64,
    bytes: AtomicU64,
    /// Made when all files are there, so that none can be written through one.
    links: Mutex<BTreeMap<PathBuf, (PathBuf, u64)>>,
    /// Given their modes and times when nothing more is written into them. Of a folder in several layers the
    /// uppermost layer's attributes hold, whichever was unpacked last.
    folders: Mutex<BTreeMap<PathBuf, (usize, u32, u64)>>,
}

impl Unpacker {
    /// Unpacks into `root`, an empty folder of our own.
    pub(super) fn new(root: &Path) -> io::Result<Self> {
        Ok(Self {
            root: beneath::root(root)?,
            budget: Budget::default(),
            entries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            links: Mutex::default(),
            folders: Mutex::default(),
        })
    }

    /// Unpacks one layer from its compressed form and returns the digest of its tar, and what it had.
    pub(super) fn layer(
        &self,
        number: usize,
        blob: File,
        size: u64,
    ) -> io::Result<(Digest, Vec<Entry>)> {
        let mut parent = Parent::default();
        let mut entries = Vec::new();
        let digest = tarball::read(
            decompress(blob)?,
            size,
            &self.budget,
            &mut |entry, content| {
                entries.push(entry.clone());
                self.entry(number, entry, content, &mut parent)
            },
        )?;
        Ok((digest, entries))
    }

    /// Makes the entries of a layer whose files are in another volume: those are linked.
    pub(super) fn link(&self, number: usize, from: &OwnedFd, entries: &[Entry]) -> io::Result<()> {
        let (mut parent, mut other) = (Parent::default(), Parent::default());
        for entry in entries {
            if entry.kind != Kind::File {
                self.entry(number, entry, &mut io::empty(), &mut parent)?;
                continue;
            }
            let (folder, name) = split(&entry.path)?;
            let source = other.open(from, folder, false)?;
            let folder = parent.open(&self.root, folder, true)?;
            rustix::fs::linkat(source, name, folder, name, AtFlags::empty())
                .map_err(|error| occupied(error, &entry.path))?;
            self.entries.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(entry.size, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Makes the links, and gives the folders their modes and times. Returns the numbers of entries and bytes.
    pub(super) fn finish(self) -> io::Result<(u64, u64)> {
        let symlinks = self
            .links
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        links::check(
            &symlinks
                .iter()
                .map(|(path, (target, _))| (path.clone(), target.clone()))
                .collect(),
        )?;
        for (path, (target, mtime)) in &symlinks {
            let (parent, name) = split(path)?;
            let folder = open_folder(&self.root, parent, true)?;
            rustix::fs::symlinkat(target, &folder, name).map_err(|error| occupied(error, path))?;
            rustix::fs::utimensat(&folder, name, &times(*mtime)?, AtFlags::SYMLINK_NOFOLLOW)?;
        }
        let folders = self
            .folders
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // Children come after their parents in order, so backwards no folder is touched again.
        for (path, (_, mode, mtime)) in folders.iter().rev() {
            let folder = open_folder(&self.root, path, false)?;
            rustix::fs::fchmod(&folder, Mode::from_raw_mode(mode & KEPT_MODE | 0o700))?;
            rustix::fs::futimens(&folder, &times(*mtime)?)?;
        }
        // Containers enter through the root as any user, whatever a layer says about it.
        rustix::fs::fchmod(
            beneath::folder(&self.root, Path::new(""))?,
            Mode::from_raw_mode(0o755),
        )?;
        Ok((self.entries.into_inner(), self.bytes.into_inner()))
    }

    fn entry(
        &self,
        layer: usize,
        entry: &Entry,
        content: &mut dyn Read,
        parent: &mut Parent,
    ) -> io::Result<()> {
        self.entries.fetch_add(1, Ordering::Relaxed);
        match &entry.kind {
            Kind::Folder => {
                if !entry.path.as_os_str().is_empty() {
                    open_folder(&self.root, &entry.path, true)?;
                }
                let mut folders = lock(&self.folders);
                let attributes = folders.entry(entry.path.clone()).or_default();
                if layer >= attributes.0 {
                    *attributes = (layer, entry.mode, entry.mtime);
                }
                Ok(())
            }
            Kind::File => {
                let (folder, name) = split(&entry.path)?;
                let folder = parent.open(&self.root, folder, true)?;
                let flags = OFlags::CREATE
                    | OFlags::EXCL
                    | OFlags::NOFOLLOW
                    | OFlags::WRONLY
                    | OFlags::CLOEXEC;
                let mode = Mode::from_raw_mode(entry.mode & KEPT_MODE);
                let file = rustix::fs::openat(folder, name, flags, mode)
                    .map_err(|error| occupied(error, &entry.path))?;
                let mut file = File::from(file);
                let written = copy(content, &mut file)?;
                if written != entry.size {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.bytes.fetch_add(written, Ordering::Relaxed);
                // Again, because the mode above went through our umask.
                rustix::fs::fchmod(&file, mode)?;
                rustix::fs::futimens(&file, &times(entry.mtime)?)?;
                Ok(())
            }
            Kind::Hardlink(target) => {
                let (target_folder, target_name) = split(target)?;
                let target_folder = open_folder(&self.root, target_folder, false)?;
                let (folder, name) = split(&entry.path)?;
                let folder = parent.open(&self.root, folder, true)?;
                rustix::fs::linkat(&target_folder, target_name, folder, name, AtFlags::empty())
                    .map_err(|error| occupied(error, &entry.path))
            }
            Kind::Symlink(target) => {
                let previous =
                    lock(&self.links).insert(entry.path.clone(), (target.clone(), entry.mtime));
                if previous.is_some() {
                    return Err(occupied(Errno::EXIST, &entry.path));
                }
                Ok(())
            }
        }
    }
}

/// The folder that the last file went to: archives keep the files of a folder together.
#[derive(Default)]
struct Parent {
    path: PathBuf,
    folder: Option<OwnedFd>,
}

impl Parent {
    fn open(&mut self, root: &OwnedFd, path: &Path, make: bool) -> io::Result<&OwnedFd> {
        if self.path != path {
            self.folder = None;
            path.clone_into(&mut self.path);
        }
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => open_folder(root, path, make)?,
        };
        Ok(self.folder.insert(folder))
    }
}

/// Opens a folder beneath the root, and makes it and those above it where they are missing and wanted.
fn open_folder(root: &OwnedFd, path: &Path, make: bool) -> io::Result<OwnedFd> {
    match beneath::folder(root, path) {
        Err(error) if make && error.kind() == io::ErrorKind::NotFound => {
            let (parent, name) = split(path)?;
            let parent = open_folder(root, parent, true)?;
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
fn split(path: &Path) -> io::Result<(&Path, &std::ffi::OsStr)> {
    path.parent()
        .zip(path.file_name())
        .ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// An error that names the path, where something is in its way: it is in two layers.
fn occupied(error: Errno, path: &Path) -> io::Error {
    if error == Errno::EXIST {
        return Refused::Twice(path.display().to_string()).into();
    }
    error.into()
}

fn times(mtime: u64) -> io::Result<Timestamps> {
    let seconds = i64::try_from(mtime).map_err(|_| io::ErrorKind::InvalidData)?;
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    Ok(Timestamps {
        last_access: time,
        last_modification: time,
    })
}

fn copy(reader: &mut dyn Read, file: &mut File) -> io::Result<u64> {
    let mut buffer = [0; 16 << 10];
    let mut total = 0;
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(total);
        }
        file.write_all(&buffer[..count])?;
        total += count as u64;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
