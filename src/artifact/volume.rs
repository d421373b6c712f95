//! The volumes of an artifact as its documents tell of them, one for each platform.

use std::collections::BTreeMap;

use super::document::{Descriptor, Index, Manifest};
use super::transfer::BlobSource;
use super::{Error, media};
use crate::digest::Digest;

/// One platform's manifest, and what names it.
#[derive(Clone, Debug)]
pub(super) struct Volume {
    pub(super) descriptor: Descriptor,
    pub(super) manifest: Manifest,
}

/// The artifact's digest, and its volumes by what their descriptors say they run on. What has no layers of files
/// (attestations) is passed over.
pub(super) fn volumes(
    source: &dyn BlobSource,
) -> Result<(Digest, BTreeMap<String, Volume>), Error> {
    let root = source.root()?;
    let digest = root.descriptor.digest;
    let mut found = BTreeMap::new();
    if media::is_manifest(&root.descriptor.media_type) {
        let manifest = Manifest::parse(&root.content)?;
        let volume = Volume {
            descriptor: root.descriptor,
            manifest,
        };
        found.insert("linux".to_owned(), volume);
        return Ok((digest, found));
    }
    for descriptor in Index::parse(&root.content)?.manifests {
        if !media::is_manifest(&descriptor.media_type) {
            continue;
        }
        let Some(platform) = descriptor.platform.as_ref().map(ToString::to_string) else {
            continue;
        };
        let content = source.manifest(&descriptor)?;
        descriptor.check(&content)?;
        let manifest = Manifest::parse(&content)?;
        if manifest
            .layers
            .iter()
            .any(|layer| media::is_layer(&layer.media_type))
        {
            // Clients that do not look take the first, and so do we.
            found.entry(platform).or_insert(Volume {
                descriptor,
                manifest,
            });
        }
    }
    Ok((digest, found))
}
