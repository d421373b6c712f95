//! What is to be filled, and what its documents say of it.

use super::Error;
use crate::artifact::{self, BlobSource, Config, Descriptor, Manifest, Reporter};
use crate::digest::Digest;
use crate::labels::ARTIFACT_TYPE;
use crate::platform::Platform;

/// What is to be filled, and from where.
pub(super) struct Order<'a> {
    pub(super) source: &'a dyn BlobSource,
    /// For messages.
    pub(super) reference: &'a str,
    pub(super) platform: Platform,
    /// The manifest's digest.
    pub(super) digest: Digest,
    pub(super) manifest: &'a Manifest,
    /// Whether layers of other volumes may be linked.
    pub(super) link: bool,
    pub(super) reporter: &'a dyn Reporter,
}

impl Order<'_> {
    /// The digests of the layers' tars, if this is a volume for the platform.
    pub(super) fn diff_ids(&self) -> Result<Vec<Digest>, Error> {
        let Self {
            manifest,
            platform,
            reference,
            ..
        } = self;
        let found = manifest.artifact_type.as_deref().unwrap_or("none");
        if found != ARTIFACT_TYPE {
            return Err(Error::Type {
                reference: (*reference).to_owned(),
                found: found.to_owned(),
            });
        }
        let config = config(self.source, &manifest.config)?;
        let offered = config.platform()?;
        if offered != *platform {
            return Err(artifact::Error::NoPlatform {
                wanted: platform.to_string(),
                reference: (*reference).to_owned(),
                offered: format!("`{offered}`"),
            }
            .into());
        }
        let diff_ids = config.rootfs.diff_ids;
        if diff_ids.len() != manifest.layers.len() {
            return Err(artifact::Error::LayerCount {
                platform: platform.to_string(),
                layers: manifest.layers.len(),
                diff_ids: diff_ids.len(),
            }
            .into());
        }
        Ok(diff_ids)
    }
}

/// What a layer is called while it is fetched.
pub(super) fn title(number: usize, layer: &Descriptor) -> String {
    let title = layer.annotations.get("org.opencontainers.image.title");
    title.map_or_else(|| format!("layer {}", number + 1), Clone::clone)
}

/// The config, which artifacts of ours carry in the manifest.
fn config(source: &dyn BlobSource, descriptor: &Descriptor) -> Result<Config, Error> {
    let content = if let Some(content) = descriptor.inlined() {
        content
    } else {
        let blob = source.blob(descriptor).map_err(artifact::Error::from)?;
        artifact::read_capped(blob, artifact::MAX_DOCUMENT, &descriptor.digest.to_string())?
    };
    descriptor.check(&content)?;
    Ok(Config::parse(&content)?)
}
