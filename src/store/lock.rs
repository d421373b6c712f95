//! Locks by digest, across processes: whoever fills a blob or a volume holds its lock, and whoever comes second waits,
//! looks again, and finds the work done. A lock dies with its process, so nothing is ever left locked.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;

use rustix::fs::{FlockOperation, flock};

use super::{Error, Store};
use crate::digest::Digest;

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "closing the file releases the lock")] File);

impl Store {
    /// Waits until nobody else fills `digest`.
    pub(super) fn lock(&self, digest: &Digest) -> Result<Lock, Error> {
        let path = self.root.join("locks").join(digest.hex());
        let fail = |source| Error::io("lock", &path, source);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Ok(()) => return Ok(Lock(file)),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(fail(error.into())),
            }
        }
    }
}
