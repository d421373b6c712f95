//! Blobs: every one verified when it comes in, and again before it is used.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use super::arrival::{Arrival, Arrived};
use super::memory::Memory;
use super::pieces::{PIECE, Piece};
use super::{Error, Store};
use crate::artifact::{BlobSource, Descriptor, MAX_DOCUMENT, Reporter};
use crate::digest::Digest;
use crate::fsutil;

impl Store {
    /// Where a blob is.
    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs/sha256").join(digest.hex())
    }

    /// Makes sure that a blob is there and whole. Returns the bytes that had to be fetched.
    pub(super) fn ensure_blob(
        &self,
        source: &dyn BlobSource,
        descriptor: &Descriptor,
        title: &str,
        reporter: &dyn Reporter,
    ) -> Result<u64, Error> {
        let _lock = self.lock(&descriptor.digest)?;
        let fetched = self.bring(source, descriptor, title, reporter)?;
        let (ingest, path) = (
            self.ingest_path(&descriptor.digest),
            self.blob_path(&descriptor.digest),
        );
        let placed = match File::open(&ingest) {
            Ok(file) => file
                .sync_data()
                .and_then(|()| fs::rename(&ingest, &path))
                .and_then(|()| fsutil::sync_dir(&self.root.join("blobs/sha256"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        placed.map_err(|source| Error::io("write", &path, source))?;
        Ok(fetched)
    }

    /// Brings a blob in as far as [`arrive`](Self::arrive) does, for nobody who reads it meanwhile. The caller holds the
    /// blob's lock.
    pub(super) fn bring(
        &self,
        source: &dyn BlobSource,
        descriptor: &Descriptor,
        title: &str,
        reporter: &dyn Reporter,
    ) -> Result<u64, Error> {
        let memory = Memory::of(PIECE);
        let arrival = Arrival {
            source,
            descriptor,
            title,
            memory: &memory,
            reporter,
        };
        let mut to_nobody = |piece: Piece| {
            piece.done(&memory);
            true
        };
        loop {
            if let Arrived::Whole(fetched) = self.arrive(&arrival, &mut to_nobody)? {
                return Ok(fetched);
            }
        }
    }

    /// Keeps a document that was verified already.
    pub(super) fn keep_document(&self, digest: &Digest, content: &[u8]) -> Result<(), Error> {
        if self.has_document(digest, content) {
            return Ok(());
        }
        let path = self.blob_path(digest);
        fsutil::replace(&path, content).map_err(|source| Error::io("write", &path, source))
    }

    /// Whether a document is there, byte for byte.
    pub(super) fn has_document(&self, digest: &Digest, content: &[u8]) -> bool {
        let path = self.blob_path(digest);
        fs::metadata(&path).is_ok_and(|meta| meta.len() <= MAX_DOCUMENT)
            && fs::read(&path).is_ok_and(|found| found == content)
    }

    /// Whether a blob is there, by its size alone.
    pub(super) fn has_blob(&self, descriptor: &Descriptor) -> bool {
        fs::metadata(self.blob_path(&descriptor.digest))
            .is_ok_and(|meta| meta.len() == descriptor.size)
    }
}
