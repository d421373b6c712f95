//! Compressed layers, kept by what they contain and how hard they were compressed, so that each is compressed once.
//!
//! `DIFF_ID-COMPRESSION.layer` beside `DIFF_ID-COMPRESSION.json`, which holds the digest and size that the first must
//! have, and which paths are in it. A layer that is here is not read again to be published: its bytes are held against
//! the digest while they are sent, and what does not agree is made anew.
//!
//! `HEX.fits` says that layers go together: see [`fit`](super::fit).

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
#[derive(Serialize)]
struct Record<C> {
    digest: Digest,
    size: u64,
    contents: C,
}

/// As much of it as most readers want.
#[derive(Deserialize)]
struct Named {
    digest: Digest,
    size: u64,
}

/// And the rest, which is long.
#[derive(Deserialize)]
struct Filled<C> {
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

    /// What the content with this key is. Only its size is held against that: whoever reads it sees the rest.
    pub(super) fn get(&self, key: &str, media_type: &str) -> Option<Descriptor> {
        let named: Named = self.record(key)?;
        let whole = fs::metadata(self.path(key)).is_ok_and(|meta| meta.len() == named.size);
        whole.then(|| descriptor(media_type, named.digest, named.size))
    }

    /// What is in the content with this key.
    pub(super) fn contents<C: DeserializeOwned>(&self, key: &str) -> Option<C> {
        let filled: Filled<C> = self.record(key)?;
        Some(filled.contents)
    }

    fn record<R: DeserializeOwned>(&self, key: &str) -> Option<R> {
        let record = fs::read(self.path(key).with_extension("json")).ok()?;
        serde_json::from_slice(&record).ok()
    }

    /// Whether something was found out about `what` before.
    pub(super) fn knows(&self, name: &str, what: &str) -> bool {
        fs::read(self.dir.join(name)).is_ok_and(|known| known == what.as_bytes())
    }

    /// Remembers that it was. What is forgotten is found out again.
    pub(super) fn learn(&self, name: &str, what: &str) {
        let _ = fs::write(self.dir.join(name), what);
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
