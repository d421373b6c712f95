//! Names: which reference led to which volumes. They are what keeps volumes from being collected.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Error, Store};
use crate::digest::Digest;
use crate::fsutil;
use crate::platform::Platform;

/// A reference and what it led to when it was last pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The reference as it is written in full.
    pub reference: String,
    /// The index (or the one manifest) that it named.
    pub digest: Digest,
    /// The manifest of each platform that was pulled.
    pub platforms: BTreeMap<Platform, Digest>,
}

impl Store {
    /// What a reference led to, if it was ever pulled.
    pub fn name(&self, reference: &str) -> Result<Option<Name>, Error> {
        let path = self.name_path(reference);
        match fs::read(&path) {
            Ok(content) => serde_json::from_slice(&content)
                .map(Some)
                .map_err(|source| Error::Damaged { path, source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", path, error)),
        }
    }

    /// Notes that a reference led to a manifest. Platforms of an older index are forgotten: they are another version.
    pub(super) fn record(
        &self,
        reference: &str,
        digest: Digest,
        platform: Platform,
        manifest: Digest,
    ) -> Result<(), Error> {
        // Two platforms of one reference may be pulled at the same time.
        let _lock = self.lock(&Digest::of(reference.as_bytes()))?;
        // A damaged name is replaced: what it said is being found out anew right now.
        let mut name = self
            .name(reference)
            .ok()
            .flatten()
            .filter(|name| name.digest == digest)
            .unwrap_or_else(|| Name {
                reference: reference.to_owned(),
                digest,
                platforms: BTreeMap::new(),
            });
        if name.platforms.insert(platform, manifest) == Some(manifest) {
            return Ok(());
        }
        let path = self.name_path(reference);
        let content = serde_json::to_vec(&name).map_err(Error::Json)?;
        fsutil::replace(&path, &content).map_err(|source| Error::io("write", &path, source))
    }

    /// References have characters that file names must not have, so a name's file is called by the digest.
    fn name_path(&self, reference: &str) -> PathBuf {
        let hex = Digest::of(reference.as_bytes()).hex();
        self.root.join("names").join(hex + ".json")
    }
}
