//! The store's own blobs: verified, and as a source from which a volume is made again.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::artifact::{BlobSource, Config, Descriptor, Document, Failure, Manifest};
use crate::digest::Digest;
use crate::platform::Platform;
use crate::store::Store;

/// The digest of a file's content; nothing if it is not there.
pub(super) fn digest_of(path: &Path) -> io::Result<Option<Digest>> {
    match File::open(path) {
        Ok(file) => Digest::read(file).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Store {
    /// The first layer of a manifest that the store lacks.
    pub(super) fn missing_layer(&self, manifest: &Manifest) -> Option<Digest> {
        let mut layers = manifest.layers.iter();
        let missing = layers.find(|layer| !self.has_blob(layer));
        missing.map(|layer| layer.digest)
    }

    /// What a manifest is for, by its config.
    pub(super) fn platform_of(&self, manifest: &Manifest) -> Option<Platform> {
        let content = match manifest.config.inlined() {
            Some(content) => content,
            None => fs::read(self.blob_path(&manifest.config.digest)).ok()?,
        };
        manifest.config.check(&content).ok()?;
        Config::parse(&content).ok()?.platform().ok()
    }
}

/// A store as a source of what it has.
pub(super) struct Own<'a>(pub(super) &'a Store);

impl Own<'_> {
    fn open(&self, descriptor: &Descriptor) -> Result<File, Failure> {
        File::open(self.0.blob_path(&descriptor.digest)).map_err(Failure::lasting)
    }
}

impl BlobSource for Own<'_> {
    fn root(&self) -> Result<Document, Failure> {
        // A volume is made again by its manifest's digest, so nobody asks.
        Err(Failure::lasting(io::Error::from(
            io::ErrorKind::Unsupported,
        )))
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Failure> {
        let mut content = Vec::new();
        self.open(descriptor)?
            .take(crate::artifact::MAX_DOCUMENT)
            .read_to_end(&mut content)
            .map_err(Failure::lasting)?;
        Ok(content)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>, Failure> {
        Ok(Box::new(self.open(descriptor)?))
    }
}
