//! Writes layers into a staging folder. `tarball` says what may be written; this module makes it, and lets nothing
//! leave the folder: every object is made by its name alone in a parent opened beneath the root, following no link.
//!
//! Each layer has a thread that decompresses it, and one that hashes and parses what comes of that. Small files go from there
//! to writers, in batches; large ones are written as they come, so that no layer and no file is ever in memory as a whole.
//! What is written is flushed meanwhile.

mod earlier;
mod flush;
mod folders;
mod last;
mod umask;
mod writers;

use std::io::{self, Read, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rustix::fs::{Mode, Timespec, Timestamps};
use rustix::io::Errno;

use super::{beneath, pieces};
use crate::artifact::decompress;
use crate::artifact::tarball::{self, Budget, Entry, Kind, Refused};
use crate::digest::Digest;
use crate::parallel;
pub(super) use earlier::Earlier;
pub(super) use folders::{Folders, split};
use last::Last;
use writers::{Job, Queue, WRITERS, Writers};

/// What of a mode is kept: nobody but the owner may write, and nothing runs as somebody else.
pub(super) const KEPT_MODE: u32 = 0o755;
/// Files up to this size are handed over whole.
const SMALL: u64 = 256 << 10;
/// Entries that one thread links at a time.
const LINKED: usize = 256;
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
    last: Last,
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
            last: Last::default(),
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

    /// Makes the entries of layers whose files are in other volumes: those are linked. Returns in which layer that failed,
    /// and how.
    pub(super) fn link(&self, layers: &[Linked<'_>]) -> Result<(), (usize, io::Error)> {
        // In small parts, so that all threads end together, and seldom are in one folder, where they would wait for each other.
        let parts = layers.iter().flat_map(|layer| {
            let parts = layer.entries.chunks(LINKED);
            parts.map(|entries| Linked { entries, ..*layer })
        });
        let link = |part: Linked<'_>| self.link_part(&part).map_err(|error| (part.number, error));
        parallel::map(parts.collect(), WRITERS, link).map(drop)
    }

    fn link_part(&self, part: &Linked<'_>) -> io::Result<()> {
        let mut making = self.making(part.number)?;
        let mut others = Folders::new(part.from);
        for entry in part.entries {
            match &entry.kind {
                Kind::File => {
                    let (folder, name) = split(&entry.path)?;
                    let from = others.get(folder)?;
                    let to = making.folders.make(folder)?;
                    writers::link(&from, &to, name, &entry.path)?;
                    self.count(entry);
                }
                Kind::Symlink(target) => {
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

    /// Makes the links, and gives the folders their modes and times. Returns the numbers of entries and bytes.
    pub(super) fn finish(self) -> io::Result<(u64, u64)> {
        self.last.make(&self.root)?;
        self.writers.flusher.result()?;
        // Containers enter through the root as any user, whatever a layer says about it.
        rustix::fs::fchmod(&self.root, Mode::from_raw_mode(folders::MADE))?;
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
            return making.queue.add(Job {
                layer: making.layer,
                path: entry.path.clone(),
                folder: making.folders.make(folder)?,
                name: name.to_owned(),
                content: bytes,
                mode,
                mtime: entry.mtime,
                earlier,
            });
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
                let mut new = writers::create(&folder, name, mode, &entry.path)?;
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

/// A layer that another volume has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linked<'a> {
    /// Which layer it is.
    pub(super) number: usize,
    /// The other volume's files.
    pub(super) from: &'a Arc<OwnedFd>,
    /// What the layer has.
    pub(super) entries: &'a [Entry],
}

/// One layer that is being made.
struct Making {
    layer: usize,
    folders: Folders,
    /// Those of the earlier volume.
    earlier: Option<Folders>,
    queue: Queue,
}

/// Lets the writers end.
struct Close<'a>(&'a Writers);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        self.0.close();
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
