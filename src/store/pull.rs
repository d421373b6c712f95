//! From a source to a whole volume: the one way in. Every byte is verified, and nothing shows before all of it is there.

use serde::Serialize;

use super::commit::Record;
use super::order::{Order, title};
use super::{Error, Store};
use crate::artifact::{self, BlobSource, Descriptor, Document, Index, Manifest, Reporter, media};
use crate::digest::Digest;
use crate::platform::Platform;

/// What a pull found and did.
#[derive(Clone, Debug, Serialize)]
pub struct Pulled {
    /// The reference.
    pub reference: String,
    /// The index (or the one manifest) that it names.
    pub digest: Digest,
    /// The platform's manifest, which is the volume's identity.
    pub manifest: Digest,
    /// The platform.
    pub platform: Platform,
    /// The folder to mount.
    pub path: std::path::PathBuf,
    /// Bytes that had to be fetched.
    pub fetched: u64,
    /// Whether the volume was there already.
    pub unchanged: bool,
}

impl Store {
    /// Makes sure that the store has the volume that `reference` names now.
    pub fn pull(
        &self,
        source: &dyn BlobSource,
        reference: &str,
        platform: Platform,
        reporter: &dyn Reporter,
    ) -> Result<Pulled, Error> {
        if let Some(pulled) = self.unchanged(source, reference, platform)? {
            return Ok(pulled);
        }
        // Until it is recorded, nothing but this keeps it from being collected.
        let _shared = self.shared()?;
        self.prepare(source, reference, platform, true, reporter)
    }

    /// What `reference` led to, if that is whole and still what it names, and the source says so without sending anything:
    /// one question for a tag, and none at all for a digest.
    pub fn unchanged(
        &self,
        source: &dyn BlobSource,
        reference: &str,
        platform: Platform,
    ) -> Result<Option<Pulled>, Error> {
        let name = self.name(reference).ok().flatten();
        let Some(version) = name.map(|name| name.current) else {
            return Ok(None);
        };
        let Some(digest) = version.platforms.get(&platform).copied() else {
            return Ok(None);
        };
        let (Some(volume), Some(manifest)) = (self.volume(&digest)?, self.manifest(&digest)) else {
            return Ok(None);
        };
        // What was lost must be fetched again.
        let complete = volume.ready.image.is_some()
            || manifest.layers.iter().all(|layer| self.has_blob(layer));
        if !complete
            || !self.suits(&volume.ready)
            || source.digest().map_err(artifact::Error::from)? != Some(version.digest)
        {
            return Ok(None);
        }
        Ok(Some(Pulled {
            reference: reference.to_owned(),
            digest: version.digest,
            manifest: digest,
            platform,
            path: volume.path,
            fetched: 0,
            unchanged: true,
        }))
    }

    /// Makes sure that the store has the volume that `reference` names now, and if it is to be `named`, that the reference
    /// leads to it. Otherwise nothing does: the caller holds the store's shared lock until it has a name.
    pub(super) fn prepare(
        &self,
        source: &dyn BlobSource,
        reference: &str,
        platform: Platform,
        named: bool,
        reporter: &dyn Reporter,
    ) -> Result<Pulled, Error> {
        let root = source.root().map_err(artifact::Error::from)?;
        let (chosen, from_index) = choose(&root, reference, platform)?;
        let digest = chosen.digest;
        let index = root.descriptor.digest;
        let _lock = self.lock(&digest)?;
        let content = match self.manifest_content(&digest) {
            Some(content) => content,
            None if from_index => document(source, &chosen)?,
            None => root.content.clone(),
        };
        let manifest = Manifest::parse(&content)?;
        let before = self
            .volume(&digest)?
            .filter(|volume| self.suits(&volume.ready));
        let unchanged = before.is_some();
        let (volume, fetched) = if let Some(volume) = before {
            let fetched = match volume.ready.image {
                Some(_) => 0,
                None => self.complete(source, &manifest, reporter)?,
            };
            self.keep_document(&digest, &content)?;
            self.keep_document(&index, &root.content)?;
            if named {
                self.record(reference, index, platform, digest)?;
            }
            (volume, fetched)
        } else {
            let order = Order {
                source,
                reference,
                platform,
                digest,
                manifest: &manifest,
                link: true,
                reporter,
            };
            let record = Record {
                documents: vec![(digest, &content), (index, &root.content)],
                name: named.then_some((reference, index)),
            };
            match self.fill_image(&order, &root, &chosen, &record)? {
                Some(done) => done,
                None => self.fill(&order, &record)?,
            }
        };
        Ok(Pulled {
            reference: reference.to_owned(),
            digest: index,
            manifest: digest,
            platform,
            path: volume.path,
            fetched,
            unchanged,
        })
    }

    /// Fetches layers of a whole volume that were lost, so that the volume can be checked and made again.
    fn complete(
        &self,
        source: &dyn BlobSource,
        manifest: &Manifest,
        reporter: &dyn Reporter,
    ) -> Result<u64, Error> {
        let mut fetched = 0;
        for (number, layer) in manifest.layers.iter().enumerate() {
            if !self.has_blob(layer) {
                fetched += self.ensure_blob(source, layer, &title(number, layer), reporter)?;
            }
        }
        Ok(fetched)
    }
}

/// The platform's manifest, and whether it was chosen from an index.
fn choose(
    root: &Document,
    reference: &str,
    platform: Platform,
) -> Result<(Descriptor, bool), Error> {
    if media::is_manifest(&root.descriptor.media_type) {
        return Ok((root.descriptor.clone(), false));
    }
    let index = Index::parse(&root.content)?;
    let found = index.manifests.iter().find(|entry| {
        media::is_manifest(&entry.media_type) && entry.known_platform() == Some(platform)
    });
    let chosen = found.cloned().ok_or_else(|| {
        let offered: Vec<String> = index
            .manifests
            .iter()
            .filter_map(Descriptor::known_platform)
            .map(|platform| format!("`{platform}`"))
            .collect();
        artifact::Error::NoPlatform {
            wanted: platform.to_string(),
            reference: reference.to_owned(),
            offered: if offered.is_empty() {
                "nothing".to_owned()
            } else {
                offered.join(", ")
            },
        }
    })?;
    Ok((chosen, true))
}

fn document(source: &dyn BlobSource, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
    let content = source.manifest(descriptor).map_err(artifact::Error::from)?;
    descriptor.check(&content)?;
    Ok(content)
}
