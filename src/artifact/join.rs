//! What an index that is published again keeps of the one that is there: other builders' platforms.

use std::collections::BTreeMap;

use super::document::{Descriptor, Index, Manifest};
use super::image::Image;
use super::transfer::{BlobSource, Document};
use super::{Error, media};
use crate::labels::{ARTIFACT_TYPE, keys};
use crate::platform::Platform;

/// What must be the same in all platforms of one artifact.
const SHARED: [&str; 4] = [keys::VERSION, keys::DISTRO, keys::LIBC, keys::PREFIX];

/// A platform that is there already.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its manifest, as the index has it.
    pub descriptor: Descriptor,
    /// What the manifest says about itself.
    pub annotations: BTreeMap<String, String>,
}

/// The platforms of an artifact of ours that is there already; none for anything else.
pub fn kept(source: &dyn BlobSource, there: &Document) -> Result<Vec<Kept>, Error> {
    if there.descriptor.media_type != media::INDEX {
        return Ok(Vec::new());
    }
    let index = Index::parse(&there.content)?;
    if index.artifact_type.as_deref() != Some(ARTIFACT_TYPE) {
        return Ok(Vec::new());
    }
    index
        .manifests
        .into_iter()
        .filter(|entry| media::is_manifest(&entry.media_type))
        .map(|descriptor| {
            let content = source.manifest(&descriptor)?;
            descriptor.check(&content)?;
            let annotations = Manifest::parse(&content)?.annotations;
            Ok(Kept {
                descriptor,
                annotations,
            })
        })
        .collect()
}

impl Kept {
    /// Whether it is the same volume as an image's, for another architecture.
    pub(super) fn is_beside(&self, image: &Image<'_>) -> bool {
        let new = |key: &str| {
            let labels = &image.config.config.labels;
            image.annotations.get(key).or_else(|| labels.get(key))
        };
        SHARED
            .iter()
            .all(|key| self.annotations.get(*key) == new(key))
    }

    /// Whether it is of one of these platforms, or a special form of one, which is old with it.
    pub(super) fn is_of(&self, platforms: &[Platform]) -> bool {
        self.descriptor.platform.as_ref().is_some_and(|fields| {
            platforms.iter().any(|platform| {
                fields.os == platform.os() && fields.architecture == platform.architecture.oci()
            })
        })
    }

    /// Where it belongs in the index: baselines in their order, everything special behind them, and twins last.
    pub(super) fn rank(&self) -> (bool, Option<Platform>) {
        let platform = self.descriptor.known_platform();
        let twin = self.descriptor.twin_platform();
        (platform.is_none(), platform.or(twin))
    }
}
