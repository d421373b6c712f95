//! Hashes what is read of a layer, and stops what grows too large.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use super::Refused;
use crate::digest::Digest;

/// All layers of a volume together, unpacked.
pub const MAX_TOTAL: u64 = 2 << 30;
/// What may stand between two entries: a PAX header, a long name, a long link.
const MAX_HEADERS: u64 = 1 << 20;
/// Real layers unpack to 3-5 times their size; deflate ends at about 1,000. Small layers get some slack.
const MAX_RATIO: u64 = 200;
const RATIO_SLACK: u64 = 1 << 20;

/// How much may be read: shared by the layers of a volume.
#[derive(Debug, Default)]
pub struct Budget(AtomicU64);

impl Budget {
    fn take(&self, bytes: u64) -> Result<(), Refused> {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > MAX_TOTAL {
            return Err(Refused::TooMuch("bytes", MAX_TOTAL));
        }
        Ok(())
    }
}

/// Hashes and counts what passes, and stops what grows too large.
pub(super) struct Guard<'a, R> {
    inner: R,
    hasher: Sha256,
    /// How much may still be read before the next entry must have begun, if one is looked for.
    headers: Headers,
    read: u64,
    limit: u64,
    budget: &'a Budget,
}

impl<R: Read> Read for Guard<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        let bytes = count as u64;
        self.read += bytes;
        self.budget.take(bytes)?;
        if self.read > self.limit {
            return Err(Refused::TooMuch("times its size unpacked, namely", MAX_RATIO).into());
        }
        if let Some(left) = self.headers.0.get() {
            let left = left
                .checked_sub(bytes)
                .ok_or(Refused::TooMuch("header bytes", MAX_HEADERS))?;
            self.headers.0.set(Some(left));
        }
        Ok(count)
    }
}

/// How much of a layer may be read before its next entry has begun, as long as one is looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers(Rc<Cell<Option<u64>>>);

impl Headers {
    /// What comes now is headers.
    pub(super) fn begin(&self) {
        self.0.set(Some(MAX_HEADERS));
    }

    /// What comes now is content.
    pub(super) fn end(&self) {
        self.0.set(None);
    }
}

impl<'a, R> Guard<'a, R> {
    /// Reads a layer that has `compressed` bytes.
    pub(super) fn new(inner: R, compressed: u64, headers: Headers, budget: &'a Budget) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            headers,
            read: 0,
            limit: compressed
                .saturating_mul(MAX_RATIO)
                .saturating_add(RATIO_SLACK),
            budget,
        }
    }

    /// The digest of all that was read.
    pub(super) fn digest(self) -> Digest {
        Digest::from_bytes(self.hasher.finalize().into())
    }
}
