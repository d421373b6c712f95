//! Writes small files beside the one who reads the archive: making a file costs more than decompressing it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::mem;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::flush::Flusher;
use super::{earlier, occupied, times, umask};
use crate::artifact::tarball;
use crate::store::memory::Memory;

/// Threads that write. With two cores and somebody who reads, more only wait for each other.
pub(super) const WRITERS: usize = 2;
/// What goes to a thread at a time: few enough to spread the work, enough to make waking it worth it.
const BATCH_FILES: usize = 32;
const BATCH_BYTES: usize = 512 << 10;
/// Batches that wait. With those being filled and written this bounds the memory, whatever a layer holds.
const WAITING: usize = 4;

/// A small file to be made in a folder.
#[derive(Debug)]
pub(super) struct Job {
    /// Which layer it is of.
    pub(super) layer: usize,
    /// Where it is in the volume, for messages.
    pub(super) path: PathBuf,
    /// The folder.
    pub(super) folder: Arc<OwnedFd>,
    /// Its name there.
    pub(super) name: OsString,
    /// How many bytes it has.
    pub(super) size: usize,
    /// Permission bits.
    pub(super) mode: u32,
    /// Seconds since 1970.
    pub(super) mtime: u64,
    /// The folder in which an earlier volume may have the same file.
    pub(super) earlier: Option<Arc<OwnedFd>>,
}

/// Small files with what is in them, one behind the other.
#[derive(Debug, Default)]
struct Batch {
    jobs: Vec<Job>,
    bytes: Vec<u8>,
}

/// The queue between those who read and those who write.
#[derive(Debug)]
pub(super) struct Writers {
    /// Taken out when nothing more will come.
    send: Mutex<Option<SyncSender<Batch>>>,
    receive: Mutex<Receiver<Batch>>,
    /// For what is in batches.
    memory: Memory,
    failed: AtomicBool,
    /// What went wrong first, and in which layer.
    error: Mutex<Option<(usize, io::Error)>>,
}

impl Writers {
    pub(super) fn new() -> Self {
        let (send, receive) = sync_channel(WAITING);
        Self {
            send: Mutex::new(Some(send)),
            receive: Mutex::new(receive),
            memory: Memory::of(BATCH_BYTES),
            failed: AtomicBool::new(false),
            error: Mutex::default(),
        }
    }

    /// One layer's access to the queue.
    pub(super) fn queue(&self) -> io::Result<Queue<'_>> {
        let send = lock(&self.send);
        Ok(Queue {
            send: send.clone().ok_or(io::ErrorKind::BrokenPipe)?,
            memory: &self.memory,
            batch: Batch::default(),
            filled: 0,
        })
    }

    /// Writes until nothing more comes, and tells the flusher of it. Run on [`WRITERS`] threads.
    pub(super) fn work(&self, flusher: &Flusher) {
        let mut buffer = Vec::new();
        loop {
            let batch = lock(&self.receive).recv();
            let Ok(batch) = batch else { return };
            let mut left = &batch.bytes[..];
            for job in batch.jobs {
                // What is left is taken from the queue all the same, so that nobody waits for room in it.
                if self.failed() {
                    break;
                }
                let content;
                (content, left) = left.split_at(job.size);
                if let Err(error) = make(&job, content, &mut buffer, flusher) {
                    self.failed.store(true, Ordering::Relaxed);
                    let error = tarball::in_entry(error, &job.path);
                    lock(&self.error).get_or_insert((job.layer, error));
                }
            }
            self.memory.give(batch.bytes);
        }
    }

    /// Lets the threads end when they have written what is there.
    pub(super) fn close(&self) {
        lock(&self.send).take();
    }

    /// Whether there is any point in going on.
    pub(super) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// What went wrong, and in which layer.
    pub(super) fn error(&self) -> Option<(usize, io::Error)> {
        lock(&self.error).take()
    }
}

fn make(job: &Job, content: &[u8], buffer: &mut Vec<u8>, flusher: &Flusher) -> io::Result<()> {
    let size = content.len() as u64;
    if let Some(from) = &job.earlier
        && let Some(mut file) = earlier::open(from, &job.name, size, job.mode, job.mtime)
        && earlier::goes_on(&mut file, content, buffer)
        && link(from, &job.folder, &job.name, &job.path)?
    {
        return Ok(());
    }
    let mut file = create(&job.folder, &job.name, job.mode, &job.path)?;
    file.write_all(content)?;
    flusher.wrote(size);
    Ok(rustix::fs::futimens(&file, &times(job.mtime)?)?)
}

/// Makes a file that was not there.
pub(super) fn create(folder: &OwnedFd, name: &OsStr, mode: u32, path: &Path) -> io::Result<File> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
    let bits = Mode::from_raw_mode(mode);
    let file =
        rustix::fs::openat(folder, name, flags, bits).map_err(|error| occupied(error, path))?;
    if !umask::spares(mode) {
        rustix::fs::fchmod(&file, bits)?;
    }
    Ok(File::from(file))
}

/// Gives a file or link of another folder the same name here. Whether it could be: it may be gone, and a file system has only so
/// many names for a file, or none but the first for a link.
pub(super) fn link(from: &OwnedFd, to: &OwnedFd, name: &OsStr, path: &Path) -> io::Result<bool> {
    match rustix::fs::linkat(from, name, to, name, AtFlags::empty()) {
        Err(Errno::EXIST) => Err(occupied(Errno::EXIST, path)),
        result => Ok(result.is_ok()),
    }
}

/// Gathers jobs until it is worth waking somebody.
#[derive(Debug)]
pub(super) struct Queue<'a> {
    send: SyncSender<Batch>,
    memory: &'a Memory,
    batch: Batch,
    /// Bytes of the batch.
    filled: usize,
}

impl Queue<'_> {
    /// Has a file made of what `content` has, now or soon. It has as much as the job says, and that is no more than is small.
    pub(super) fn add(&mut self, job: Job, content: &mut dyn Read) -> io::Result<()> {
        if self.filled + job.size > self.batch.bytes.len() {
            self.flush()?;
            self.batch.bytes = self.memory.take();
        }
        let end = self.filled + job.size;
        let room = self.batch.bytes.get_mut(self.filled..end);
        content.read_exact(room.ok_or(io::ErrorKind::InvalidInput)?)?;
        self.filled = end;
        self.batch.jobs.push(job);
        if self.batch.jobs.len() >= BATCH_FILES {
            self.flush()?;
        }
        Ok(())
    }

    /// Has everything made that was added.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.filled = 0;
        let batch = mem::take(&mut self.batch);
        if batch.jobs.is_empty() {
            self.memory.give(batch.bytes);
            return Ok(());
        }
        let sent = self.send.send(batch);
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// What a mutex guards, also after a panic of somebody who had it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
