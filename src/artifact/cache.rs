//! Compressed layers, kept by what they contain and how hard they were compressed, so that each is compressed once.
//!
//! `DIFF_ID-COMPRESSION.layer` beside `DIFF_ID-COMPRESSION.json`, which holds the digest and size that the first must
//! have. What does not agree is made anew.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::document::Descriptor;
use super::verifier::Verifier;
use super::{Compression, Error};
use crate::digest::Digest;
use crate::fsutil;

/// A folder of compressed layers.
#[derive(Debug)]
pub struct Cache {
    dir: PathBuf,
}

/// What the file beside a layer says.
#[derive(Serialize, Deserialize)]
struct Record {
    digest: Digest,
    size: u64,
}

impl Cache {
    /// Opens the folder, which is made if it is missing.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        fsutil::private_dir(dir).map_err(|source| Error::io("create", dir, source))?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// Where a compressed layer is.
    pub(super) fn path(&self, diff_id: &Digest, compression: Compression) -> PathBuf {
        self.dir
            .join(format!("{}-{}.layer", diff_id.hex(), compression.key()))
    }

    /// The compressed layer, if it is there and whole.
    pub(super) fn get(&self, diff_id: &Digest, compression: Compression) -> Option<Descriptor> {
        let path = self.path(diff_id, compression);
        let record: Record =
            serde_json::from_slice(&fs::read(path.with_extension("json")).ok()?).ok()?;
        let descriptor = descriptor(compression, record.digest, record.size);
        let mut file = Verifier::new(File::open(&path).ok()?, &descriptor);
        io::copy(&mut file, &mut io::sink()).ok()?;
        Some(descriptor)
    }

    /// A file to write a layer to.
    pub(super) fn begin(&self) -> Result<tempfile::NamedTempFile, Error> {
        tempfile::NamedTempFile::new_in(&self.dir)
            .map_err(|source| Error::io("write to", &self.dir, source))
    }

    /// Keeps a layer that was written.
    pub(super) fn keep(
        &self,
        file: tempfile::NamedTempFile,
        diff_id: &Digest,
        compression: Compression,
        digest: Digest,
        size: u64,
    ) -> Result<Descriptor, Error> {
        let path = self.path(diff_id, compression);
        let fail = |source| Error::io("write", &path, source);
        // No fsync: a layer that a crash has damaged is seen by its digest and made anew.
        file.persist(&path).map_err(|error| fail(error.error))?;
        let record = serde_json::to_vec(&Record { digest, size }).map_err(Error::Write)?;
        fsutil::replace(&path.with_extension("json"), &record).map_err(fail)?;
        Ok(descriptor(compression, digest, size))
    }
}

fn descriptor(compression: Compression, digest: Digest, size: u64) -> Descriptor {
    Descriptor {
        digest,
        size,
        ..Descriptor::of(compression.media_type(), &[])
    }
}
