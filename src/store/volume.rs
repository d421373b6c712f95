//! Volumes: a folder that was verified to its last byte, or nothing.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Error, Store};
use crate::artifact::Manifest;
use crate::digest::Digest;
use crate::fsutil;
use crate::platform::Platform;

/// `ready.json`: written last, so that it vouches for everything beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The manifest that the volume was made from.
    pub manifest: Digest,
    /// What it runs on.
    pub platform: Platform,
    /// The digests of its layers' tars, lowest first.
    pub diff_ids: Vec<Digest>,
    /// How many files, folders and links it has.
    pub entries: u64,
    /// How many bytes are in its files, or in its image.
    pub bytes: u64,
    /// The image that is mounted as the volume; nothing, if it is a folder of files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Digest>,
}

/// A whole volume.
#[derive(Clone, Debug)]
pub struct Volume {
    /// The folder to mount.
    pub path: PathBuf,
    /// What is known about it.
    pub ready: Ready,
}

impl Store {
    /// The volume of a manifest, if it is whole, and ready to be used: an image that is mounted no more is mounted again. One
    /// that cannot be is as good as none.
    pub fn volume(&self, manifest: &Digest) -> Result<Option<Volume>, Error> {
        let found = self.find(manifest)?;
        Ok(found.filter(|volume| volume.ready.image.is_none() || self.is_mounted(manifest)))
    }

    /// The same without looking whether it is mounted.
    pub(super) fn find(&self, manifest: &Digest) -> Result<Option<Volume>, Error> {
        let dir = self.volume_dir(manifest);
        let path = dir.join("ready.json");
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", path, error)),
        };
        // A marker that does not parse or names another manifest vouches for nothing.
        let Ok(ready) = serde_json::from_slice::<Ready>(&content) else {
            return Ok(None);
        };
        let path = dir.join("fs");
        Ok((ready.manifest == *manifest && path.is_dir()).then_some(Volume { path, ready }))
    }

    /// The volume that a reference led to when it was last pulled.
    pub fn volume_of(&self, reference: &str, platform: Platform) -> Result<Volume, Error> {
        let manifest = self
            .name(reference)?
            .and_then(|name| name.current.platforms.get(&platform).copied());
        let volume = manifest
            .map(|manifest| self.volume(&manifest))
            .transpose()?
            .flatten();
        volume.ok_or_else(|| Error::NoVolume {
            reference: reference.to_owned(),
            platform: platform.to_string(),
        })
    }

    /// The manifest of a volume, if the store still has it whole.
    pub fn manifest(&self, digest: &Digest) -> Option<Manifest> {
        Manifest::parse(&self.manifest_content(digest)?).ok()
    }

    /// The same as it was published.
    pub(super) fn manifest_content(&self, digest: &Digest) -> Option<Vec<u8>> {
        let content = fs::read(self.blob_path(digest)).ok()?;
        (Digest::of(&content) == *digest).then_some(content)
    }

    /// Where the volume of a manifest is.
    pub(super) fn volume_dir(&self, manifest: &Digest) -> PathBuf {
        self.root.join("volumes").join(manifest.hex())
    }

    /// Makes an empty folder in which a volume is built. The caller holds the manifest's lock, so whatever is there is
    /// what a killed process left.
    pub(super) fn stage(&self, manifest: &Digest) -> Result<PathBuf, Error> {
        let dir = self.root.join("staging").join(manifest.hex());
        fsutil::remove_tree(&dir)
            .and_then(|()| fsutil::private_dir(&dir.join("fs")))
            .map_err(|source| Error::io("create", &dir, source))?;
        Ok(dir)
    }
}
