//! What becomes of one image: its documents, and those of its EROFS twin.

use super::compose::{self, Platform};
use super::erofs::Mkfs;
use super::image::Image;
use super::join::Kept;
use super::publish::{PublishedPlatform, Way};
use super::repack::Packed;
use super::{Error, fit};

/// One platform's documents.
#[derive(Debug)]
pub(super) struct Made {
    platform: crate::platform::Platform,
    pub(super) plain: Platform,
    pub(super) twin: Option<Platform>,
}

impl Made {
    /// Makes them of an image. `packed` are its layers in their order, which are checked to go together.
    pub(super) fn of(image: &Image<'_>, packed: &[&Packed], way: &Way<'_>) -> Result<Self, Error> {
        fit::check(image, packed, way.cache)?;
        Ok(Self {
            platform: image.platform,
            plain: compose::platform(image, packed, way.compression)?,
            twin: None,
        })
    }

    /// Adds those of a twin, which is packed as given.
    pub(super) fn add_twin(
        &mut self,
        image: &Image<'_>,
        packed: &Packed,
        mkfs: &Mkfs,
    ) -> Result<&Platform, Error> {
        let twin = compose::twin(image, &self.plain, &packed.descriptor, mkfs.compression())?;
        Ok(self.twin.insert(twin))
    }

    /// The documents, plain ones first.
    pub(super) fn documents(&self) -> impl Iterator<Item = &Platform> {
        [Some(&self.plain), self.twin.as_ref()]
            .into_iter()
            .flatten()
    }

    /// What the index has of them.
    pub(super) fn entries(&self) -> impl Iterator<Item = Kept> {
        self.documents().map(|documents| Kept {
            descriptor: documents.manifest.descriptor.clone(),
            annotations: documents.annotations.clone(),
        })
    }

    /// What is told of them.
    pub(super) fn published(self) -> PublishedPlatform {
        PublishedPlatform {
            platform: self.platform,
            manifest: self.plain.manifest.descriptor,
            layers: self.plain.layers,
            erofs: self.twin.map(|twin| twin.manifest.descriptor),
        }
    }
}
