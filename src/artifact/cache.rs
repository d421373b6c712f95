//! Compressed layers, kept by what they contain and how hard they were compressed, so that each is compressed once.
//!
//! `DIFF_ID-COMPRESSION.layer` beside `DIFF_ID-COMPRESSION.json`, which holds the digest and size that the first must
//! have, and which paths are in it. A layer that is here is not read again to be published: its bytes are held against
//! the digest while they are sent, and what does not agree is made anew.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
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
struct Record<C> {
    digest: Digest,
    size: u64,
    contents: C,
}

impl Cache {
    /// Opens the folder, which is made if it is missing.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        fsutil::private_dir(dir).map_err(|source| Error::io("create", dir, source))?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// Where the content with this key is.
    pub(super) fn path(&self, key: &str) -> PathBuf {
        self.dir.join(format!("{key}.layer"))
    }

    /// What the content with this key is, and what is in it. Only its size is held against that: whoever reads it sees the rest.
    pub(super) fn get<C: DeserializeOwned>(
        &self,
        key: &str,
        media_type: &str,
    ) -> Option<(Descriptor, C)> {
        let path = self.path(key);
        let record: Record<C> =
            serde_json::from_slice(&fs::read(path.with_extension("json")).ok()?).ok()?;
        let whole = fs::metadata(&path).is_ok_and(|meta| meta.len() == record.size);
        let descriptor = descriptor(media_type, record.digest, record.size);
        whole.then_some((descriptor, record.contents))
    }

    /// Whether the content is whole after all; it is forgotten if not.
    pub(super) fn check(&self, key: &str, descriptor: &Descriptor) -> bool {
        let path = self.path(key);
        let whole = File::open(&path).is_ok_and(|file| {
            io::copy(&mut Verifier::new(file, descriptor), &mut io::sink()).is_ok()
        });
        if !whole {
            // Made anew in its place, whether this succeeds or not.
            let _ = fsutil::remove_file(&path.with_extension("json"));
        }
        whole
    }

    /// A file to write content to.
    pub(super) fn begin(&self) -> Result<tempfile::NamedTempFile, Error> {
        tempfile::NamedTempFile::new_in(&self.dir)
            .map_err(|source| Error::io("write to", &self.dir, source))
    }

    /// Keeps content that was written.
    pub(super) fn keep<C: Serialize>(
        &self,
        file: tempfile::NamedTempFile,
        key: &str,
        descriptor: &Descriptor,
        contents: C,
    ) -> Result<(), Error> {
        let path = self.path(key);
        let fail = |source| Error::io("write", &path, source);
        // No fsync: a layer that a crash has damaged is seen by its digest and made anew.
        file.persist(&path).map_err(|error| fail(error.error))?;
        let record = serde_json::to_vec(&Record {
            digest: descriptor.digest,
            size: descriptor.size,
            contents,
        });
        // Names that JSON cannot hold: such a layer is read every time.
        let Ok(record) = record else { return Ok(()) };
        fsutil::replace(&path.with_extension("json"), &record).map_err(fail)
    }
}

/// The key of a layer.
pub(super) fn layer_key(diff_id: &Digest, compression: Compression) -> String {
    format!("{}-{}", diff_id.hex(), compression.key())
}

/// The descriptor of content that is not at hand.
pub(super) fn descriptor(media_type: &str, digest: Digest, size: u64) -> Descriptor {
    Descriptor {
        digest,
        size,
        ..Descriptor::of(media_type, &[])
    }
}
