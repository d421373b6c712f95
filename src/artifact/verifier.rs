//! Holds bytes against a descriptor while they pass by.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::Error;
use super::document::Descriptor;
use crate::digest::Digest;

/// A reader that fails as soon as there are more bytes than described, and at the end if they are too few or others.
///
/// The error inside the [`io::Error`] is an [`Error`] that names the digest.
pub struct Verifier<R> {
    inner: R,
    hasher: Sha256,
    read: u64,
    size: u64,
    digest: Digest,
    done: bool,
}

impl<R> std::fmt::Debug for Verifier<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("digest", &self.digest)
            .field("size", &self.size)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

impl<R: Read> Verifier<R> {
    /// A reader of what `descriptor` describes.
    pub fn new(inner: R, descriptor: &Descriptor) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            read: 0,
            size: descriptor.size,
            digest: descriptor.digest,
            done: false,
        }
    }

    fn finish(&mut self) -> Result<(), Error> {
        if self.read != self.size {
            return Err(Error::Size {
                digest: self.digest,
                expected: self.size,
                actual: self.read,
            });
        }
        let actual = Digest::from_bytes(std::mem::take(&mut self.hasher).finalize().into());
        if actual != self.digest {
            return Err(Error::Digest {
                expected: self.digest,
                actual,
            });
        }
        self.done = true;
        Ok(())
    }
}

impl<R: Read> Read for Verifier<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.done || buffer.is_empty() {
            return Ok(0);
        }
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read > self.size {
            return Err(io::Error::other(Error::Longer {
                digest: self.digest,
                expected: self.size,
            }));
        }
        self.hasher.update(&buffer[..count]);
        if count == 0 {
            self.finish().map_err(io::Error::other)?;
        }
        Ok(count)
    }
}

/// Reads at most `limit` bytes, and knows when there were more.
pub fn read_capped(reader: impl Read, limit: u64, what: &str) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    reader
        .take(limit + 1)
        .read_to_end(&mut content)
        .map_err(|source| Error::io("read", what, source))?;
    if content.len() as u64 > limit {
        return Err(Error::TooLarge {
            what: what.to_owned(),
            limit,
        });
    }
    Ok(content)
}
