//! Writes layers into a staging folder. `tarball` says what may be written; this module makes it, and lets nothing
//! leave the folder: every object is made by its name alone in a parent opened beneath the root, following no link.
//!
//! Each layer has a thread that decompresses it, and hashes and parses what comes of that while the processor still has it. Small
//! files go from there to writers, in batches; large ones are written as they come, so that no layer and no file is ever
//! in memory as a whole. What is written is flushed meanwhile.

mod donated;
mod earlier;
mod flush;
mod folders;
mod last;
mod umask;
mod writers;

use std::io::{self, BufRead, Read, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::fs::{Mode, Timespec, Timestamps};
use rustix::io::Errno;

use super::beneath;
use crate::artifact::Decompressor;
use crate::artifact::tarball::{self, Budget, Entry, Kind, Refused};
use crate::digest::Digest;
pub(super) use donated::{Donated, Unlinked};
pub(super) use earlier::Earlier;
use flush::Flusher;
use folders::{Folders, split};
use last::Last;
use writers::{Job, Queue, WRITERS, Writers, lock};

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
    flusher: Flusher,
    /// Those that no layer uses.
    decompressors: Mutex<Vec<Decompressor>>,
    earlier: Option<Earlier>,
    entries: AtomicU64,
    bytes: AtomicU64,
    last: Last,
}

impl Unpacker {
    /// Unpacks into `root`, an empty folder of our own. Files that `earlier` has just so are linked from there.
    pub(super) fn new(root: &Path, earlier: Option<Earlier>) -> io::Result<Self> {
        Ok(Self {
            root: Arc::new(beneath::root(root)?),
            budget: Budget::default(),
            writers: Writers::new(),
            flusher: Flusher::default(),
            decompressors: Mutex::default(),
            earlier,
            entries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            last: Last::default(),
        })
    }

    /// Does `work`, which calls [`run`](Self::run) and [`finish`](Self::finish), while what is written is flushed.
    pub(super) fn flushing<T>(&self, work: impl FnOnce() -> T) -> T {
        thread::scope(|scope| {
            scope.spawn(|| self.flusher.work(&self.root));
            let _end = Finally(|| self.flusher.end());
            work()
        })
    }

    /// Runs `read`, which calls [`layer`](Self::layer) and [`link`](Self::link), while the writers write. Returns when
    /// everything is written: what `read` returned, or in which layer a writer failed, and how.
    pub(super) fn run<T>(&self, read: impl FnOnce() -> T) -> Result<T, (usize, io::Error)> {
        let result = thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| self.writers.work(&self.flusher));
            }
            let _close = Finally(|| self.writers.close());
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
        blob: impl BufRead + Send,
        size: u64,
    ) -> io::Result<(Digest, Vec<Entry>)> {
        let mut making = self.making(number)?;
        let mut entries = Vec::new();
        let mut decompressor = lock(&self.decompressors).pop().unwrap_or_default();
        let tar = decompressor.read(blob)?;
        let digest = tarball::read(tar, size, &self.budget, &mut |entry, content| {
            entries.push(entry.clone());
            self.entry(entry, content, &mut making)
        })?;
        lock(&self.decompressors).push(decompressor);
        making.queue.flush()?;
        Ok((digest, entries))
    }

    /// Makes the links, and gives the folders their modes and times, while all that is there already is flushed.
    pub(super) fn finish(&self) -> io::Result<()> {
        self.flusher.hurry();
        self.last.make(&self.root)?;
        // Containers enter through the root as any user, whatever a layer says about it.
        rustix::fs::fchmod(&self.root, Mode::from_raw_mode(folders::MADE))?;
        Ok(())
    }

    /// The numbers of entries and bytes, unless something could not be flushed.
    pub(super) fn counts(&self) -> io::Result<(u64, u64)> {
        self.flusher.result()?;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Ok((count(&self.entries), count(&self.bytes)))
    }

    fn making(&self, layer: usize) -> io::Result<Making<'_>> {
        Ok(Making {
            layer,
            buffer: Vec::new(),
            folders: Folders::new(&self.root),
            earlier: self
                .earlier
                .as_ref()
                .map(|earlier| Folders::new(&earlier.fs)),
            queue: self.writers.queue()?,
        })
    }

    fn entry(
        &self,
        entry: &Entry,
        content: &mut dyn Read,
        making: &mut Making<'_>,
    ) -> io::Result<()> {
        if self.writers.failed() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        match &entry.kind {
            Kind::Folder => {
                making.folders.make(&entry.path)?;
                self.last
                    .folder(&entry.path, making.layer, entry.mode, entry.mtime);
            }
            Kind::File => self.file(entry, content, making)?,
            Kind::Hardlink(target) => self.last.hardlink(&entry.path, target),
            Kind::Symlink(target) => {
                self.last.symlink(&entry.path, target, entry.mtime, None)?;
            }
        }
        self.count(entry);
        Ok(())
    }

    fn count(&self, entry: &Entry) {
        self.entries.fetch_add(1, Ordering::Relaxed);
        if entry.kind == Kind::File {
            self.bytes.fetch_add(entry.size, Ordering::Relaxed);
        }
    }

    fn file(
        &self,
        entry: &Entry,
        content: &mut dyn Read,
        making: &mut Making<'_>,
    ) -> io::Result<()> {
        let mode = entry.mode & KEPT_MODE;
        let (folder, name) = split(&entry.path)?;
        let earlier = match (&self.earlier, &mut making.earlier) {
            (Some(earlier), Some(folders)) if earlier.has(entry) => folders.get(folder).ok(),
            _ => None,
        };
        if entry.size <= SMALL {
            let size = usize::try_from(entry.size).map_err(|_| io::ErrorKind::InvalidData)?;
            let job = Job {
                layer: making.layer,
                path: entry.path.clone(),
                folder: making.folders.make(folder)?,
                name: name.to_owned(),
                size,
                mode,
                mtime: entry.mtime,
                earlier,
            };
            return making.queue.add(job, content);
        }
        let folder = making.folders.make(folder)?;
        let mut same = earlier.and_then(|from| {
            let file = earlier::open(&from, name, entry.size, mode, entry.mtime)?;
            Some((from, file))
        });
        let mut file = match same {
            Some(_) => None,
            None => Some(writers::create(&folder, name, mode, &entry.path)?),
        };
        let mut other = Vec::new();
        making.buffer.resize(BUFFER, 0);
        let mut read = 0;
        loop {
            let count = content.read(&mut making.buffer)?;
            if count == 0 {
                break;
            }
            let bytes = &making.buffer[..count];
            if let Some((_, there)) = &mut same
                && !earlier::goes_on(there, bytes, &mut other)
            {
                let mut new = writers::create(&folder, name, mode, &entry.path)?;
                earlier::copy_start(there, read, &mut new)?;
                file = Some(new);
                same = None;
            }
            if let Some(file) = &mut file {
                file.write_all(bytes)?;
                self.flusher.wrote(count as u64);
            }
            read += count as u64;
        }
        if read != entry.size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let file = match (file, same) {
            (Some(file), _) => file,
            (None, Some((from, mut there))) => {
                if writers::link(&from, &folder, name, &entry.path)? {
                    return Ok(());
                }
                let mut new = writers::create(&folder, name, mode, &entry.path)?;
                earlier::copy_start(&mut there, read, &mut new)?;
                self.flusher.wrote(read);
                new
            }
            (None, None) => return Err(io::ErrorKind::InvalidData.into()),
        };
        Ok(rustix::fs::futimens(&file, &times(entry.mtime)?)?)
    }
}

/// One layer that is being made.
struct Making<'a> {
    layer: usize,
    /// For what is copied.
    buffer: Vec<u8>,
    folders: Folders,
    /// Those of the earlier volume.
    earlier: Option<Folders>,
    queue: Queue<'a>,
}

/// Does something at the end of a scope, also when it panics, or those who wait for it would wait for ever.
struct Finally<F: Fn()>(F);

impl<F: Fn()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
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
