//! Writes layers into a staging folder. `tarball` says what may be written; this module makes it, and lets nothing
//! leave the folder: every object is made by its name alone in a parent opened beneath the root, following no link.
//!
//! Each layer has a thread that decompresses it, and one that hashes and parses what comes of that. Small files go from there
//! to writers, in batches; large ones are written as they come, so that no layer and no file is ever in memory as a whole.
//! What is written is flushed meanwhile.

mod earlier;
mod flush;
mod folders;
mod writers;

use std::collections::BTreeMap;
use std::io::{self, Read, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::fs::{AtFlags, Mode, Timespec, Timestamps};
use rustix::io::Errno;

use super::{beneath, pieces};
use crate::artifact::tarball::{self, Budget, Entry, Kind, Refused};
use crate::artifact::{decompress, links};
use crate::digest::Digest;
use crate::parallel;
pub(super) use earlier::Earlier;
pub(super) use folders::{Folders, split};
use writers::{Job, Queue, WRITERS, What, Writers};

/// What of a mode is kept: nobody but the owner may write, and nothing runs as somebody else.
pub(super) const KEPT_MODE: u32 = 0o755;
/// Files up to this size are handed over whole.
const SMALL: u64 = 256 << 10;
/// What is decompressed or copied at a time.
const BUFFER: usize = 128 << 10;

/// A folder into which the layers of one volume are unpacked, also several at a time.
#[derive(Debug)]
pub(super) struct Unpacker {
    root: Arc<OwnedFd>,
    budget: Budget,
    writers: Writers,
    earlier: Option<Earlier>,
    entries: AtomicU64,
    bytes: AtomicU64,
    /// Made when all files are there, so that none can be written through one.
    links: Mutex<BTreeMap<PathBuf, (PathBuf, u64)>>,
    /// Further names of files, with their layers; made when those are there.
    hardlinks: Mutex<Vec<(usize, PathBuf, PathBuf)>>,
    /// Given their modes and times when nothing more is written into them. Of a folder in several layers the
    /// uppermost layer's attributes hold, whichever was unpacked last.
    folders: Mutex<BTreeMap<PathBuf, (usize, u32, u64)>>,
}

impl Unpacker {
    /// Unpacks into `root`, an empty folder of our own. Files that `earlier` has just so are linked from there.
    pub(super) fn new(root: &Path, earlier: Option<Earlier>) -> io::Result<Self> {
        Ok(Self {
            root: Arc::new(beneath::root(root)?),
            budget: Budget::default(),
            writers: Writers::new(),
            earlier,
            entries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            links: Mutex::default(),
            hardlinks: Mutex::default(),
            folders: Mutex::default(),
        })
    }

    /// Runs `read`, which calls [`layer`](Self::layer) and [`link`](Self::link), while the writers write. Returns when
    /// everything is written: what `read` returned, or in which layer a writer failed, and how.
    pub(super) fn run<T>(&self, read: impl FnOnce() -> T) -> Result<T, (usize, io::Error)> {
        let result = thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| self.writers.work());
            }
            scope.spawn(|| self.writers.flusher.work(&self.root));
            // Also when it panics, or the writers would wait for ever.
            let _close = Close(&self.writers);
            read()
        });
        match self.writers.error() {
            Some(error) => Err(error),
            None => Ok(result),
        }
    }

    /// Unpacks one layer from its compressed form and returns the digest of its tar, and what it had.
    pub(super) fn layer(
        &self,
        number: usize,
        blob: impl Read + Send,
        size: u64,
    ) -> io::Result<(Digest, Vec<Entry>)> {
        let mut making = self.making(number)?;
        let mut entries = Vec::new();
        let digest = pieces::ahead(
            || decompress(blob),
            |tar| {
                tarball::read(tar, size, &self.budget, &mut |entry, content| {
                    entries.push(entry.clone());
                    self.entry(entry, content, &mut making)
                })
            },
        )?;
        making.queue.flush()?;
        Ok((digest, entries))
    }

    /// Makes the entries of a layer whose files are in another volume: those are linked.
    pub(super) fn link(
        &self,
        number: usize,
        from: &Arc<OwnedFd>,
        entries: &[Entry],
    ) -> io::Result<()> {
        let mut making = self.making(number)?;
        let mut others = Folders::new(from);
        for entry in entries {
            if entry.kind != Kind::File {
                self.entry(entry, &mut io::empty(), &mut making)?;
                continue;
            }
            let (folder, _) = split(&entry.path)?;
            let what = What::Link(others.get(folder)?);
            making.add(entry, what)?;
            self.entries.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(entry.size, Ordering::Relaxed);
        }
        making.queue.flush()
    }

    /// Makes the links, and gives the folders their modes and times. Returns the numbers of entries and bytes.
    pub(super) fn finish(self) -> io::Result<(u64, u64)> {
        let mut open = Folders::new(&self.root);
        for (_, path, target) in into_inner(self.hardlinks) {
            let (folder, name) = split(&target)?;
            let target = open.get(folder)?;
            let (folder, new) = split(&path)?;
            rustix::fs::linkat(&target, name, &open.make(folder)?, new, AtFlags::empty())
                .map_err(|error| occupied(error, &path))?;
        }
        let symlinks = into_inner(self.links);
        links::check(
            &symlinks
                .iter()
                .map(|(path, (target, _))| (path.clone(), target.clone()))
                .collect(),
        )?;
        let root = &self.root;
        each(symlinks, |chunk| {
            let mut open = Folders::new(root);
            for (path, (target, mtime)) in chunk {
                let (folder, name) = split(&path)?;
                let folder = open.make(folder)?;
                rustix::fs::symlinkat(target, &folder, name)
                    .map_err(|error| occupied(error, &path))?;
                rustix::fs::utimensat(&folder, name, &times(mtime)?, AtFlags::SYMLINK_NOFOLLOW)?;
            }
            Ok(())
        })?;
        // Nothing is made in them any more, so none is touched again.
        each(into_inner(self.folders), |chunk| {
            for (path, (_, mode, mtime)) in chunk {
                let folder = beneath::folder(root, &path)?;
                let mode = mode & KEPT_MODE | 0o700;
                // That is how they were made.
                if mode != 0o755 {
                    rustix::fs::fchmod(&folder, Mode::from_raw_mode(mode))?;
                }
                rustix::fs::futimens(&folder, &times(mtime)?)?;
            }
            Ok(())
        })?;
        self.writers.flusher.result()?;
        // Containers enter through the root as any user, whatever a layer says about it.
        rustix::fs::fchmod(open.get(Path::new(""))?, Mode::from_raw_mode(0o755))?;
        Ok((self.entries.into_inner(), self.bytes.into_inner()))
    }

    fn making(&self, layer: usize) -> io::Result<Making> {
        Ok(Making {
            layer,
            folders: Folders::new(&self.root),
            earlier: self
                .earlier
                .as_ref()
                .map(|earlier| Folders::new(&earlier.fs)),
            queue: self.writers.queue()?,
        })
    }

    fn entry(&self, entry: &Entry, content: &mut dyn Read, making: &mut Making) -> io::Result<()> {
        if self.writers.failed() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.entries.fetch_add(1, Ordering::Relaxed);
        match &entry.kind {
            Kind::Folder => {
                making.folders.make(&entry.path)?;
                let mut folders = lock(&self.folders);
                let attributes = folders.entry(entry.path.clone()).or_default();
                if making.layer >= attributes.0 {
                    *attributes = (making.layer, entry.mode, entry.mtime);
                }
            }
            Kind::File => {
                self.file(entry, content, making)?;
                self.bytes.fetch_add(entry.size, Ordering::Relaxed);
            }
            Kind::Hardlink(target) => {
                let link = (making.layer, entry.path.clone(), target.clone());
                lock(&self.hardlinks).push(link);
            }
            Kind::Symlink(target) => {
                let link = (target.clone(), entry.mtime);
                if lock(&self.links).insert(entry.path.clone(), link).is_some() {
                    return Err(occupied(Errno::EXIST, &entry.path));
                }
            }
        }
        Ok(())
    }

    fn file(&self, entry: &Entry, content: &mut dyn Read, making: &mut Making) -> io::Result<()> {
        let mode = entry.mode & KEPT_MODE;
        let (folder, name) = split(&entry.path)?;
        let earlier = match (&self.earlier, &mut making.earlier) {
            (Some(earlier), Some(folders)) if earlier.has(entry) => folders.get(folder).ok(),
            _ => None,
        };
        if entry.size <= SMALL {
            // As large as it says, and no more than is small.
            let size = usize::try_from(entry.size).map_err(|_| io::ErrorKind::InvalidData)?;
            let mut bytes = vec![0; size];
            content.read_exact(&mut bytes)?;
            let what = What::File {
                content: bytes,
                mode,
                mtime: entry.mtime,
                earlier,
            };
            return making.add(entry, what);
        }
        let folder = making.folders.make(folder)?;
        let mut same = earlier.and_then(|from| {
            let file = earlier::open(&from, name, entry.size, mode, entry.mtime)?;
            Some((from, file))
        });
        let mut file = match same {
            Some(_) => None,
            None => Some(self.writers.create(&folder, name, mode, &entry.path)?),
        };
        let (mut buffer, mut other) = (vec![0; BUFFER], Vec::new());
        let mut read = 0;
        loop {
            let count = content.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            let bytes = &buffer[..count];
            if let Some((_, there)) = &mut same
                && !earlier::goes_on(there, bytes, &mut other)
            {
                let mut new = self.writers.create(&folder, name, mode, &entry.path)?;
                earlier::copy_start(there, read, &mut new)?;
                file = Some(new);
                same = None;
            }
            if let Some(file) = &mut file {
                file.write_all(bytes)?;
                self.writers.flusher.wrote(count as u64);
            }
            read += count as u64;
        }
        if read != entry.size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match (file, same) {
            (Some(file), _) => Ok(rustix::fs::futimens(&file, &times(entry.mtime)?)?),
            (None, Some((from, _))) => writers::link(&from, &folder, name, &entry.path),
            (None, None) => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// One layer that is being made.
struct Making {
    layer: usize,
    folders: Folders,
    /// Those of the earlier volume.
    earlier: Option<Folders>,
    queue: Queue,
}

impl Making {
    fn add(&mut self, entry: &Entry, what: What) -> io::Result<()> {
        let (folder, name) = split(&entry.path)?;
        self.queue.add(Job {
            layer: self.layer,
            folder: self.folders.make(folder)?,
            name: name.to_owned(),
            path: entry.path.clone(),
            what,
        })
    }
}

/// Lets the writers end.
struct Close<'a>(&'a Writers);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
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

/// An error that names the path, where something is in its way: it is in two layers.
fn occupied(error: Errno, path: &Path) -> io::Error {
    if error == Errno::EXIST {
        return Refused::Twice(tarball::show(path.as_os_str().as_bytes())).into();
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
