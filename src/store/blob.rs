//! Blobs: every one verified when it comes in, and again before it is used.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{Error, Store};
use crate::artifact::{BlobSource, Descriptor, MAX_DOCUMENT, Reported, Reporter, Verifier};
use crate::digest::Digest;
use crate::fsutil;

impl Store {
    /// Where a blob is.
    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs/sha256").join(digest.hex())
    }

    /// Makes sure that a blob is there and whole: verifies it, fetches it if it is missing or damaged.
    /// Returns the bytes that had to be fetched.
    pub(super) fn ensure_blob(
        &self,
        source: &dyn BlobSource,
        descriptor: &Descriptor,
        title: &str,
        reporter: &dyn Reporter,
    ) -> Result<u64, Error> {
        let _lock = self.lock(&descriptor.digest)?;
        let path = self.blob_path(&descriptor.digest);
        if self.is_whole(descriptor) {
            return Ok(0);
        }
        let ingest = self.root.join("ingest").join(descriptor.digest.hex());
        let result = fetch(source, descriptor, title, reporter, &ingest);
        if result.is_err() {
            let _ = fs::remove_file(&ingest);
            result?;
        }
        fs::rename(&ingest, &path)
            .and_then(|()| fsutil::sync_dir(&self.root.join("blobs/sha256")))
            .map_err(|source| Error::io("write", &path, source))?;
        Ok(descriptor.size)
    }

    /// Keeps a document that was verified already.
    pub(super) fn keep_document(&self, digest: &Digest, content: &[u8]) -> Result<(), Error> {
        let path = self.blob_path(digest);
        let there = fs::metadata(&path).is_ok_and(|meta| meta.len() <= MAX_DOCUMENT)
            && fs::read(&path).is_ok_and(|found| found == content);
        if there {
            return Ok(());
        }
        fsutil::replace(&path, content).map_err(|source| Error::io("write", &path, source))
    }

    /// Whether a blob is there, by its size alone.
    pub(super) fn has_blob(&self, descriptor: &Descriptor) -> bool {
        fs::metadata(self.blob_path(&descriptor.digest))
            .is_ok_and(|meta| meta.len() == descriptor.size)
    }

    fn is_whole(&self, descriptor: &Descriptor) -> bool {
        let Ok(file) = File::open(self.blob_path(&descriptor.digest)) else {
            return false;
        };
        io::copy(&mut Verifier::new(file, descriptor), &mut io::sink()).is_ok()
    }
}

fn fetch(
    source: &dyn BlobSource,
    descriptor: &Descriptor,
    title: &str,
    reporter: &dyn Reporter,
    ingest: &Path,
) -> Result<(), Error> {
    let blob = source
        .blob(descriptor)
        .map_err(crate::artifact::Error::from)?;
    let blob = Reported::new(blob, reporter.start(&format!("{title} ↓"), descriptor.size));
    let mut file = File::create(ingest).map_err(|source| Error::io("write", ingest, source))?;
    let mut verifier = Verifier::new(blob, descriptor);
    let mut buffer = vec![0; 256 << 10];
    loop {
        use io::{Read as _, Write as _};
        let count = match verifier.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Error::Artifact(crate::artifact::Error::fetch(
                    descriptor.digest,
                    error,
                )));
            }
        };
        file.write_all(&buffer[..count])
            .map_err(|source| Error::io("write", ingest, source))?;
    }
    file.sync_data()
        .map_err(|source| Error::io("write", ingest, source))
}
