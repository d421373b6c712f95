//! Making visible: one flush for everything that a volume is, and then nothing but renames.
//!
//! Files, blobs, documents, the marker and the name are written first, all of them where nobody looks. One `syncfs` makes
//! them durable, however many they are, and says what could not be written. Then each gets its name: first what the volume
//! is verified with, then the volume, then what leads to it. Whoever is killed in between leaves parts, but nothing that
//! speaks of something that is not there.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use super::{Error, Ready, Store, Volume};
use crate::digest::Digest;
use crate::fsutil;
use crate::platform::Platform;

/// What becomes visible with a volume.
#[derive(Debug, Default)]
pub(super) struct Record<'a> {
    /// Documents that were verified.
    pub(super) documents: Vec<(Digest, &'a [u8])>,
    /// The reference that leads to it, and the index that it named.
    pub(super) name: Option<(&'a str, Digest)>,
}

impl Store {
    /// Makes a staged volume visible, with the blobs of its layers and what is recorded of it. The caller holds the locks
    /// of the manifest and of the layers.
    pub(super) fn commit(
        &self,
        staging: &Path,
        ready: Ready,
        layers: impl Iterator<Item = Digest>,
        record: &Record<'_>,
    ) -> Result<Volume, Error> {
        let place = self.volume_dir(&ready.manifest);
        let fail = |source| Error::io("write", &place, source);
        let documents = self.write_documents(record)?;
        let marker = staging.join("ready.json");
        let content = serde_json::to_vec(&ready).map_err(Error::Json)?;
        fs::write(&marker, content).map_err(fail)?;
        let name = match record.name {
            Some((reference, digest)) => {
                self.prepare_name(reference, digest, ready.platform, ready.manifest)?
            }
            None => None,
        };
        let folder = File::open(staging).map_err(fail)?;
        rustix::fs::syncfs(&folder).map_err(|error| fail(error.into()))?;

        for digest in layers {
            let path = self.blob_path(&digest);
            match fs::rename(self.ingest_path(&digest), &path) {
                // Linked from another volume, or here already; or the same layer twice.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => result.map_err(|source| Error::io("write", &path, source))?,
            }
        }
        for (digest, document) in documents {
            let path = self.blob_path(&digest);
            let kept = document.persist(&path);
            kept.map_err(|error| Error::io("write", &path, error.error))?;
        }
        // Something without a valid marker may be in the way, or a volume of the other form that somebody may use.
        self.discard(&place)?;
        fs::rename(staging, &place).map_err(fail)?;
        for folder in ["blobs/sha256", "volumes"] {
            fsutil::sync_dir(&self.root.join(folder)).map_err(fail)?;
        }
        if let Some(name) = name {
            name.publish(self)?;
        }
        Ok(Volume {
            path: place.join("fs"),
            ready,
        })
    }

    /// Documents that are not there yet, written but neither flushed nor in their places.
    fn write_documents(&self, record: &Record<'_>) -> Result<Vec<(Digest, NamedTempFile)>, Error> {
        let folder = self.root.join("blobs/sha256");
        let missing = record
            .documents
            .iter()
            .filter(|(digest, content)| !self.has_document(digest, content));
        missing
            .map(|(digest, content)| {
                let file = NamedTempFile::new_in(&folder).and_then(|mut file| {
                    file.write_all(content)?;
                    Ok(file)
                });
                let file = file.map_err(|source| Error::io("write", &folder, source))?;
                Ok((*digest, file))
            })
            .collect()
    }

    fn prepare_name(
        &self,
        reference: &str,
        digest: Digest,
        platform: Platform,
        manifest: Digest,
    ) -> Result<Option<Prepared>, Error> {
        let lock = self.lock(&Digest::of(reference.as_bytes()))?;
        let Some(name) = self.next_name(reference, digest, platform, manifest) else {
            return Ok(None);
        };
        Prepared::write(self, &name, lock).map(Some)
    }
}

/// A name's next content, written but not yet what it says.
struct Prepared {
    file: NamedTempFile,
    path: std::path::PathBuf,
    _lock: super::lock::Lock,
}

impl Prepared {
    fn write(store: &Store, name: &super::Name, lock: super::lock::Lock) -> Result<Self, Error> {
        let path = store.name_path(&name.reference);
        let content = serde_json::to_vec(name).map_err(Error::Json)?;
        let file = NamedTempFile::new_in(store.root.join("names")).and_then(|mut file| {
            file.write_all(&content)?;
            Ok(file)
        });
        let file = file.map_err(|source| Error::io("write", &path, source))?;
        Ok(Self {
            file,
            path,
            _lock: lock,
        })
    }

    fn publish(self, store: &Store) -> Result<(), Error> {
        let fail = |source| Error::io("write", &self.path, source);
        self.file
            .persist(&self.path)
            .map_err(|error| fail(error.error))?;
        fsutil::sync_dir(&store.root.join("names")).map_err(fail)
    }
}
