//! Several platforms of one reference, seen all at once or not at all: how an agent brings a node to the next version.

use std::collections::BTreeMap;

use super::{Error, Pulled, Store};
use crate::artifact::{self, BlobSource, Reporter};
use crate::digest::Digest;
use crate::platform::Platform;

/// What a deployment found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deployed {
    /// The reference leads to it for all platforms, and did before.
    Unchanged(Digest),
    /// The reference leads to it from now on.
    Switched {
        /// The index (or the one manifest) that the reference names.
        digest: Digest,
        /// Bytes that had to be fetched.
        fetched: u64,
    },
    /// The reference names what was rolled back from, so it leads to where it did.
    Refused(Digest),
}

impl Store {
    /// Makes sure that the store has the volumes of some platforms that `reference` names now, and then lets the
    /// reference lead to all of them in one step. What was rolled back from is left alone.
    pub fn deploy(
        &self,
        source: &dyn BlobSource,
        reference: &str,
        platforms: &[Platform],
        reporter: &dyn Reporter,
    ) -> Result<Deployed, Error> {
        let root = source.root().map_err(artifact::Error::from)?;
        let digest = root.descriptor.digest;
        // A name that cannot be read is made anew.
        if let Some(name) = self.name(reference).ok().flatten() {
            if name.refused.contains(&digest) {
                return Ok(Deployed::Refused(digest));
            }
            if name.current.digest == digest && self.has_all(&name.current, platforms)? {
                return Ok(Deployed::Unchanged(digest));
            }
        }
        // Until the name leads to them, nothing but this keeps them from being collected.
        let _shared = self.shared()?;
        let mut manifests = BTreeMap::new();
        let mut fetched = 0;
        let mut found: Vec<Pulled> = Vec::new();
        for platform in platforms {
            let pulled = self.prepare(source, reference, *platform, false, reporter)?;
            manifests.insert(*platform, pulled.manifest);
            fetched += pulled.fetched;
            found.push(pulled);
        }
        // A tag may be moved between two questions; the platforms of one version belong together.
        if found.iter().any(|pulled| pulled.digest != digest) {
            return Err(Error::Moved(reference.to_owned()));
        }
        self.switch(reference, digest, manifests)?;
        Ok(Deployed::Switched { digest, fetched })
    }

    /// Whether a version has the whole volumes of all these platforms.
    fn has_all(&self, version: &super::Version, platforms: &[Platform]) -> Result<bool, Error> {
        for platform in platforms {
            let manifest = version.platforms.get(platform);
            let volume = manifest.map(|manifest| self.volume(manifest)).transpose()?;
            if volume.flatten().is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
