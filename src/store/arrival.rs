//! A blob on its way in: what an earlier try left of it is taken up, the rest is fetched, and every byte is hashed, kept,
//! and handed on in one pass.
//!
//! What is in `ingest/` came in order and went through a hash, so its length says how much needs no second fetch, also
//! after the process was killed. If the whole then has another digest, all of it is thrown away.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write as _};
use std::mem;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::memory::Memory;
use super::pieces::Piece;
use super::{Error, Store};
use crate::artifact::{self, BlobSource, Descriptor, Reporter, Task};
use crate::digest::Digest;
use crate::fsutil;

/// What is to come in.
pub(super) struct Arrival<'a> {
    pub(super) source: &'a dyn BlobSource,
    pub(super) descriptor: &'a Descriptor,
    /// What it is called while it comes in.
    pub(super) title: &'a str,
    /// Where its pieces are.
    pub(super) memory: &'a Memory,
    pub(super) reporter: &'a dyn Reporter,
}

/// Takes a piece, and says whether more is wanted.
pub(super) type To<'a> = dyn FnMut(Piece) -> bool + 'a;

/// How it came in.
#[derive(Debug)]
pub(super) enum Arrived {
    /// Whole and verified, with so many bytes fetched.
    Whole(u64),
    /// Whoever got the pieces wants no more.
    Unwanted,
    /// What was in the store already was not what it should have been, and is gone; the next try fetches all of it.
    Stale,
}

impl Store {
    /// Where a blob is while it comes in.
    pub(super) fn ingest_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("ingest").join(digest.hex())
    }

    /// Brings a blob in, and hands every piece of it to `to`, which says whether it wants more. The blob may be in `blobs/` then,
    /// where it was; or in `ingest/`, whole but not flushed, for the caller to flush and to give its place. The caller
    /// holds the blob's lock.
    pub(super) fn arrive(&self, arrival: &Arrival<'_>, to: &mut To<'_>) -> Result<Arrived, Error> {
        let descriptor = arrival.descriptor;
        if self.has_blob(descriptor) {
            let path = self.blob_path(&descriptor.digest);
            let file = File::open(&path).map_err(|source| Error::io("read", &path, source))?;
            let mut passing = Passing::new(arrival);
            let wanted = passing.file(file, &path, to)?;
            match passing.verify() {
                Ok(()) if wanted => return Ok(Arrived::Whole(0)),
                Ok(()) => return Ok(Arrived::Unwanted),
                Err(_) => {}
            }
            fsutil::remove_file(&path).map_err(|source| Error::io("remove", &path, source))?;
            return Ok(Arrived::Stale);
        }
        self.take_in(arrival, to)
    }

    fn take_in(&self, arrival: &Arrival<'_>, to: &mut To<'_>) -> Result<Arrived, Error> {
        let Arrival {
            source,
            descriptor,
            title,
            reporter,
            ..
        } = arrival;
        let path = self.ingest_path(&descriptor.digest);
        let fail = |source| Error::io("write", &path, source);
        let mut part = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        let there = part.metadata().map_err(fail)?.len();
        let task = reporter.start(&format!("{title} ↓"), descriptor.size);
        let mut passing = Passing::new(arrival);
        let earlier = part.try_clone().map_err(fail)?;
        let mut wanted = there == 0 || passing.file(earlier, &path, to)?;
        task.advance(passing.read);
        if wanted && (passing.read < descriptor.size || there == 0) {
            let blob = source
                .blob_from(descriptor, passing.read)
                .map_err(artifact::Error::from)?;
            wanted = passing.fetch(blob, &mut part, &path, &*task, to)?;
        }
        if !wanted {
            // Nobody knows whether it is the content's fault or that of what was there: without it, that will show.
            fs::remove_file(&path).map_err(|source| Error::io("remove", &path, source))?;
            return Ok(if there > 0 {
                Arrived::Stale
            } else {
                Arrived::Unwanted
            });
        }
        match passing.verify() {
            Ok(()) => Ok(Arrived::Whole(passing.read - there)),
            // A line that ended early: the rest may come the next time.
            Err(error @ artifact::Error::Size { .. }) if passing.read < descriptor.size => {
                Err(error.into())
            }
            Err(error) => {
                fs::remove_file(&path).map_err(|source| Error::io("remove", &path, source))?;
                // It may have been damaged by whoever fetched it first, or on the disk.
                if there > 0 {
                    return Ok(Arrived::Stale);
                }
                Err(error.into())
            }
        }
    }
}

/// What passes by on its way.
struct Passing<'a> {
    descriptor: &'a Descriptor,
    memory: &'a Memory,
    hasher: Sha256,
    read: u64,
}

impl<'a> Passing<'a> {
    fn new(arrival: &Arrival<'a>) -> Self {
        Self {
            descriptor: arrival.descriptor,
            memory: arrival.memory,
            hasher: Sha256::new(),
            read: 0,
        }
    }

    /// Whether there are more bytes than there may be.
    fn note(&mut self, piece: &Piece) -> bool {
        self.read += piece.bytes().len() as u64;
        self.hasher.update(piece.bytes());
        self.read > self.descriptor.size
    }

    /// What is in a file, to its end. Whether all of it was wanted.
    fn file(
        &mut self,
        mut file: File,
        path: &std::path::Path,
        to: &mut To<'_>,
    ) -> Result<bool, Error> {
        let mut wanted = true;
        loop {
            let piece = Piece::read(&mut file, self.memory)
                .map_err(|source| Error::io("read", path, source))?;
            if piece.bytes().is_empty() || self.note(&piece) {
                // Of what is longer than it may be no digest will fit.
                return Ok(wanted);
            }
            wanted = wanted && to(piece);
        }
    }

    /// The rest of it, from elsewhere. Whether more is wanted.
    fn fetch(
        &mut self,
        mut blob: impl Read,
        part: &mut File,
        path: &std::path::Path,
        task: &dyn Task,
        to: &mut To<'_>,
    ) -> Result<bool, Error> {
        loop {
            let piece = Piece::read(&mut blob, self.memory)
                .map_err(|error| artifact::Error::fetch(self.descriptor.digest, error))?;
            if piece.bytes().is_empty() {
                return Ok(true);
            }
            if self.note(&piece) {
                fs::remove_file(path).map_err(|source| Error::io("remove", path, source))?;
                return Err(artifact::Error::Longer {
                    digest: self.descriptor.digest,
                    expected: self.descriptor.size,
                }
                .into());
            }
            part.write_all(piece.bytes())
                .map_err(|source| Error::io("write", path, source))?;
            task.advance(piece.bytes().len() as u64);
            if !to(piece) {
                return Ok(false);
            }
        }
    }

    fn verify(&mut self) -> Result<(), artifact::Error> {
        let Descriptor { digest, size, .. } = *self.descriptor;
        if self.read != size {
            return Err(artifact::Error::Size {
                digest,
                expected: size,
                actual: self.read,
            });
        }
        let hasher = mem::take(&mut self.hasher);
        let actual = Digest::from_bytes(hasher.finalize().into());
        if actual != digest {
            return Err(artifact::Error::Digest {
                expected: digest,
                actual,
            });
        }
        Ok(())
    }
}
