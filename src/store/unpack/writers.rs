//! Writes small files beside the one who reads the archive: making a file costs more than decompressing it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::mem;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, Mode, OFlags};

use super::flush::Flusher;
use super::{earlier, occupied, times, umask};
use crate::artifact::tarball;

/// Threads that write. With two cores and somebody who reads, more only wait for each other.
pub(super) const WRITERS: usize = 2;
/// What goes to a thread at a time: few enough to spread the work, enough to make waking it worth it.
const BATCH_FILES: usize = 32;
const BATCH_BYTES: usize = 1 << 20;
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
    pub(super) content: Vec<u8>,
    /// Permission bits.
    pub(super) mode: u32,
    /// Seconds since 1970.
    pub(super) mtime: u64,
    /// The folder in which an earlier volume may have the same file.
    pub(super) earlier: Option<Arc<OwnedFd>>,
}

/// The queue between those who read and those who write.
#[derive(Debug)]
pub(super) struct Writers {
    /// Taken out when nothing more will come.
    send: Mutex<Option<SyncSender<Vec<Job>>>>,
    receive: Mutex<Receiver<Vec<Job>>>,
    failed: AtomicBool,
    /// What went wrong first, and in which layer.
    error: Mutex<Option<(usize, io::Error)>>,
    /// Told of what is written.
    pub(super) flusher: Flusher,
}

impl Writers {
    pub(super) fn new() -> Self {
        let (send, receive) = sync_channel(WAITING);
        Self {
            send: Mutex::new(Some(send)),
            receive: Mutex::new(receive),
            failed: AtomicBool::new(false),
            error: Mutex::default(),
            flusher: Flusher::default(),
        }
    }

    /// One layer's access to the queue.
    pub(super) fn queue(&self) -> io::Result<Queue> {
        let send = lock(&self.send);
        Ok(Queue {
            send: send.clone().ok_or(io::ErrorKind::BrokenPipe)?,
            batch: Vec::new(),
            bytes: 0,
        })
    }

    /// Writes until nothing more comes. Run on [`WRITERS`] threads.
    pub(super) fn work(&self) {
        let mut buffer = Vec::new();
        loop {
            let batch = lock(&self.receive).recv();
            let Ok(batch) = batch else { return };
            for job in batch {
                // What is left is taken from the queue all the same, so that nobody waits for room in it.
                if self.failed() {
                    break;
                }
                if let Err(error) = self.make(&job, &mut buffer) {
                    self.failed.store(true, Ordering::Relaxed);
                    let error = tarball::in_entry(error, &job.path);
                    lock(&self.error).get_or_insert((job.layer, error));
                }
            }
        }
    }

    /// Lets the threads end when they have written what is there.
    pub(super) fn close(&self) {
        lock(&self.send).take();
        self.flusher.end();
    }

    /// Whether there is any point in going on.
    pub(super) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// What went wrong, and in which layer.
    pub(super) fn error(&self) -> Option<(usize, io::Error)> {
        lock(&self.error).take()
    }

    fn make(&self, job: &Job, buffer: &mut Vec<u8>) -> io::Result<()> {
        let size = job.content.len() as u64;
        if let Some(from) = &job.earlier
            && let Some(mut file) = earlier::open(from, &job.name, size, job.mode, job.mtime)
            && earlier::goes_on(&mut file, &job.content, buffer)
        {
            return link(from, &job.folder, &job.name, &job.path);
        }
        let mut file = create(&job.folder, &job.name, job.mode, &job.path)?;
        file.write_all(&job.content)?;
        self.flusher.wrote(size);
        Ok(rustix::fs::futimens(&file, &times(job.mtime)?)?)
    }
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

/// Gives a file of another folder the same name here.
pub(super) fn link(from: &OwnedFd, to: &OwnedFd, name: &OsStr, path: &Path) -> io::Result<()> {
    rustix::fs::linkat(from, name, to, name, AtFlags::empty())
        .map_err(|error| occupied(error, path))
}

/// Gathers jobs until it is worth waking somebody.
#[derive(Debug)]
pub(super) struct Queue {
    send: SyncSender<Vec<Job>>,
    batch: Vec<Job>,
    bytes: usize,
}

impl Queue {
    /// Has something made, now or soon.
    pub(super) fn add(&mut self, job: Job) -> io::Result<()> {
        self.bytes += job.content.len();
        self.batch.push(job);
        if self.batch.len() >= BATCH_FILES || self.bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Has everything made that was added.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.bytes = 0;
        let batch = mem::take(&mut self.batch);
        if batch.is_empty() {
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
