//! What an index that is published again keeps of the one that is there: other builders' platforms.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Descriptor, Index, Manifest};
use super::image::Image;
use super::transfer::{BlobSource, Document};
use super::{Error, media};
use crate::digest::Digest;
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

/// What a tag leads to before something is published under it.
#[derive(Clone, Debug, Default)]
pub struct There {
    /// The document itself.
    pub root: Option<Digest>,
    /// Manifests that it names.
    pub manifests: BTreeSet<Digest>,
    /// Its platforms, if it is an artifact of ours, but for those that come anew.
    pub platforms: Vec<Kept>,
}

/// What there is already beside images of some platforms. Of anything but an artifact of ours nothing is kept.
pub fn there(
    source: &dyn BlobSource,
    there: &Document,
    beside: &[Platform],
) -> Result<There, Error> {
    let mut found = There {
        root: Some(there.descriptor.digest),
        ..There::default()
    };
    if there.descriptor.media_type != media::INDEX {
        return Ok(found);
    }
    let index = Index::parse(&there.content)?;
    if index.artifact_type.as_deref() != Some(ARTIFACT_TYPE) {
        return Ok(found);
    }
    found.manifests = index.manifests.iter().map(|entry| entry.digest).collect();
    found.platforms = platforms(source, index.manifests, beside)?;
    Ok(found)
}

fn platforms(
    source: &dyn BlobSource,
    manifests: Vec<Descriptor>,
    beside: &[Platform],
) -> Result<Vec<Kept>, Error> {
    manifests
        .into_iter()
        .filter(|entry| media::is_manifest(&entry.media_type) && !is_of(entry, beside))
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

    /// Where it belongs in the index: baselines in their order, everything special behind them, and twins last.
    pub(super) fn rank(&self) -> (bool, Option<Platform>) {
        let platform = self.descriptor.known_platform();
        let twin = self.descriptor.twin_platform();
        (platform.is_none(), platform.or(twin))
    }
}

/// Whether something is of one of these platforms, or a special form of one, which is old with it.
fn is_of(descriptor: &Descriptor, platforms: &[Platform]) -> bool {
    descriptor.platform.as_ref().is_some_and(|fields| {
        platforms.iter().any(|platform| {
            fields.os == platform.os() && fields.architecture == platform.architecture.oci()
        })
    })
}
