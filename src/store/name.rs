//! Names: which reference leads to which volumes, and led to before. They are what keeps volumes from being collected.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Error, Store, json};
use crate::digest::Digest;
use crate::fsutil;
use crate::platform::Platform;

/// How many earlier versions a name remembers. Their volumes stay only as long as collecting keeps them.
const MAX_HISTORY: usize = 16;

/// A reference and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The reference as it is written in full.
    pub reference: String,
    /// What it leads to now.
    #[serde(flatten)]
    pub current: Version,
    /// What it led to before, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Version>,
    /// Indexes that were rolled back from: nothing takes them by itself again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refused: BTreeSet<Digest>,
}

/// One state of a reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The index (or the one manifest) that it named.
    pub digest: Digest,
    /// The manifest of each platform that was pulled.
    pub platforms: BTreeMap<Platform, Digest>,
}

impl Name {
    /// What it leads to now and led to before, the newest first.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        std::iter::once(&self.current).chain(&self.history)
    }

    /// Makes `version` the current one and the current one the newest of the past.
    pub(super) fn turn_to(&mut self, version: Version) {
        self.history.retain(|past| past.digest != version.digest);
        let before = std::mem::replace(&mut self.current, version);
        self.history.insert(0, before);
        self.history.truncate(MAX_HISTORY);
    }
}

impl Store {
    /// What a reference led to, if it was ever pulled.
    pub fn name(&self, reference: &str) -> Result<Option<Name>, Error> {
        json::read(&self.name_path(reference))
    }

    /// All names, sorted by reference.
    pub fn names(&self) -> Result<Vec<Name>, Error> {
        let mut names: Vec<Name> = self.documents("names")?;
        names.sort_by(|a, b| a.reference.cmp(&b.reference));
        Ok(names)
    }

    /// Notes that a reference led to a manifest. Platforms of another index are another version, which is remembered.
    pub(super) fn record(
        &self,
        reference: &str,
        digest: Digest,
        platform: Platform,
        manifest: Digest,
    ) -> Result<(), Error> {
        // Two platforms of one reference may be pulled at the same time.
        let _lock = self.lock(&Digest::of(reference.as_bytes()))?;
        match self.next_name(reference, digest, platform, manifest) {
            Some(name) => self.write_name(&name),
            None => Ok(()),
        }
    }

    /// What a name says once a reference has led to a manifest; nothing, if that is what it says. The caller holds the
    /// name's lock.
    pub(super) fn next_name(
        &self,
        reference: &str,
        digest: Digest,
        platform: Platform,
        manifest: Digest,
    ) -> Option<Name> {
        // A damaged name is replaced: what it said is being found out anew right now.
        let found = self.name(reference).ok().flatten();
        let mut name = found.clone().unwrap_or_else(|| Name {
            reference: reference.to_owned(),
            current: Version {
                digest,
                platforms: BTreeMap::new(),
            },
            history: Vec::new(),
            refused: BTreeSet::new(),
        });
        if name.current.digest != digest {
            let known = name.history.iter().find(|past| past.digest == digest);
            let version = known.cloned().unwrap_or_else(|| Version {
                digest,
                platforms: BTreeMap::new(),
            });
            name.turn_to(version);
        }
        name.current.platforms.insert(platform, manifest);
        // Whoever pulls it wants it, whatever was thought of it before.
        name.refused.remove(&digest);
        (found.as_ref() != Some(&name)).then_some(name)
    }

    /// Lets a reference lead to all of these manifests of an index at once: whoever looks sees what it led to before, or
    /// all of them.
    pub(super) fn switch(
        &self,
        reference: &str,
        digest: Digest,
        platforms: BTreeMap<Platform, Digest>,
    ) -> Result<(), Error> {
        let _lock = self.lock(&Digest::of(reference.as_bytes()))?;
        let version = Version { digest, platforms };
        let found = self.name(reference).ok().flatten();
        let mut name = found.clone().unwrap_or_else(|| Name {
            reference: reference.to_owned(),
            current: version.clone(),
            history: Vec::new(),
            refused: BTreeSet::new(),
        });
        if name.current.digest == digest {
            // Further platforms of the same version, which somebody else wants, stay.
            name.current.platforms.extend(version.platforms);
        } else {
            name.turn_to(version);
        }
        if found.as_ref() == Some(&name) {
            return Ok(());
        }
        self.write_name(&name)
    }

    /// Forgets a reference: nothing keeps its volumes any more but leases and mounts. Whether it was known.
    pub fn forget(&self, reference: &str) -> Result<bool, Error> {
        let _shared = self.shared()?;
        let _lock = self.lock(&Digest::of(reference.as_bytes()))?;
        let path = self.name_path(reference);
        fsutil::remove_file(&path).map_err(|source| Error::io("remove", &path, source))
    }

    pub(super) fn write_name(&self, name: &Name) -> Result<(), Error> {
        json::write(&self.name_path(&name.reference), name)
    }

    /// References have characters that file names must not have, so a name's file is called by the digest.
    pub(super) fn name_path(&self, reference: &str) -> PathBuf {
        let hex = Digest::of(reference.as_bytes()).hex();
        self.root.join("names").join(hex + ".json")
    }
}
