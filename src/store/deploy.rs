//! Several platforms of one reference, seen all at once or not at all: how an agent brings a node to the next version.

use std::collections::BTreeMap;

use super::{Error, Name, Pulled, Store};
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
        // A name that cannot be read is made anew. Where nothing is new, one question for the digest is all.
        let name = self.name(reference).ok().flatten();
        let told = match &name {
            Some(_) => source.digest().map_err(artifact::Error::from)?,
            None => None,
        };
        if let Some((name, digest)) = name.as_ref().zip(told)
            && let Some(known) = self.known(name, digest, platforms)?
        {
            return Ok(known);
        }
        let root = source.root().map_err(artifact::Error::from)?;
        let digest = root.descriptor.digest;
        // The source's word for the digest may be missing, or older than what it sends.
        if let Some(name) = name.filter(|_| told != Some(digest))
            && let Some(known) = self.known(&name, digest, platforms)?
        {
            return Ok(known);
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

    /// What a name already says about the document of this digest.
    fn known(
        &self,
        name: &Name,
        digest: Digest,
        platforms: &[Platform],
    ) -> Result<Option<Deployed>, Error> {
        if name.refused.contains(&digest) {
            return Ok(Some(Deployed::Refused(digest)));
        }
        let same = name.current.digest == digest && self.has_all(&name.current, platforms)?;
        Ok(same.then_some(Deployed::Unchanged(digest)))
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
