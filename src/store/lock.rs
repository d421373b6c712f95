//! Locks, across processes: a lock dies with its process, so nothing is ever left locked.
//!
//! * By digest: whoever fills a blob or a volume holds its lock, and whoever comes second waits, looks again, and
//!   finds the work done.
//! * Of the whole store: shared by whoever puts something in or relies on what is there, exclusive for who takes away.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{Error, Store};
use crate::digest::Digest;

/// How often somebody who waits for the whole store asks again.
const PATIENCE: Duration = Duration::from_millis(20);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "closing the file releases the lock")] File);

impl Store {
    /// Waits until nobody else fills `digest`.
    pub(super) fn lock(&self, digest: &Digest) -> Result<Lock, Error> {
        let path = self.root.join("locks").join(digest.hex());
        hold(&path, FlockOperation::LockExclusive)
    }

    /// Waits until nobody takes anything away, and keeps it so.
    pub(super) fn shared(&self) -> Result<Lock, Error> {
        hold(&self.store_lock(), FlockOperation::LockShared)
    }

    /// Waits until nobody uses the store; at most so long.
    pub(super) fn exclusive(&self, wait: Duration) -> Result<Lock, Error> {
        let path = self.store_lock();
        let deadline = Instant::now() + wait;
        loop {
            match try_hold(&path, FlockOperation::NonBlockingLockExclusive) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result.map_err(|source| Error::io("lock", &path, source)),
            }
            if Instant::now() >= deadline {
                return Err(Error::Busy {
                    root: self.root.clone(),
                    waited: wait,
                });
            }
            thread::sleep(PATIENCE);
        }
    }

    fn store_lock(&self) -> std::path::PathBuf {
        self.root.join("locks/store")
    }
}

fn hold(path: &Path, operation: FlockOperation) -> Result<Lock, Error> {
    try_hold(path, operation).map_err(|source| Error::io("lock", path, source))
}

fn try_hold(path: &Path, operation: FlockOperation) -> io::Result<Lock> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)?;
    loop {
        match flock(&file, operation) {
            Ok(()) => return Ok(Lock(file)),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
