//! Volumes that are images: chosen where the artifact has one and this machine can mount it, and brought in.

use std::fs;
use std::io;
use std::path::Path;

use super::commit::Record;
use super::lacking::Needs;
use super::order::Order;
use super::{Error, Mode, Ready, Store, Volume, erofs, json};
use crate::artifact::{self, BlobSource, Descriptor, Document, Index, Manifest, media};
use crate::digest::Digest;
use crate::fsutil;
use crate::labels::ARTIFACT_TYPE;

/// Said in `meta.json` once there is an image: whoever does not know it would take the empty folder below for a volume.
pub(super) const FEATURE: &str = "erofs";
/// What the image is called in its volume.
const IMAGE: &str = "image.erofs";

impl Store {
    /// Whether a volume has the form that is wanted.
    pub(super) fn suits(&self, ready: &Ready) -> bool {
        match self.mode {
            Mode::Auto => true,
            Mode::Dir => ready.image.is_none(),
            Mode::Erofs => ready.image.is_some(),
        }
    }

    /// Brings a volume in as an image; nothing, where it has to be a folder, which is said if it could have been otherwise.
    /// The caller holds the manifest's lock.
    pub(super) fn fill_image(
        &self,
        order: &Order<'_>,
        root: &Document,
        plain: &Descriptor,
        record: &Record<'_>,
    ) -> Result<Option<(Volume, u64)>, Error> {
        if self.mode == Mode::Dir {
            return Ok(None);
        }
        let is_index = media::is_index(&root.descriptor.media_type);
        let index = is_index.then(|| Index::parse(&root.content)).transpose()?;
        let Some(twin) = index.as_ref().and_then(|index| index.twin(plain)) else {
            return match self.mode {
                Mode::Erofs => Err(Error::NoImage(order.reference.to_owned())),
                _ => Ok(None),
            };
        };
        let result = match erofs::possible() {
            Ok(()) => self.bring_image(order, twin, record),
            Err(source) => Err(Error::Mount {
                digest: twin.digest,
                source,
            }),
        };
        match result {
            Err(Error::Mount { source, .. }) if self.mode == Mode::Auto => {
                let reference = order.reference;
                order.reporter.note(&format!(
                    "Unpacking `{reference}`, for its image cannot be mounted here: {source}"
                ));
                Ok(None)
            }
            result => result.map(Some),
        }
    }

    fn bring_image(
        &self,
        order: &Order<'_>,
        twin: &Descriptor,
        record: &Record<'_>,
    ) -> Result<(Volume, u64), Error> {
        let diff_ids = order.diff_ids()?;
        let content = order.source.manifest(twin).map_err(artifact::Error::from)?;
        twin.check(&content)?;
        let image = image_of(&Manifest::parse(&content)?)?;
        if self.mode == Mode::Auto && self.is_refused(order.source, &image) {
            return Err(Error::Mount {
                digest: image.digest,
                source: io::Error::other("the kernel has refused one that needs the same"),
            });
        }
        let _lock = self.lock(&image.digest)?;
        self.check_free(image.size)?;
        let fetched = self.bring(order.source, &image, "image", order.reporter)?;
        let staging = self.stage(&order.digest)?;
        let volume = self.mount_staged(order, &staging, &image, diff_ids, record);
        if volume.is_err() {
            let _ = fsutil::remove_tree(&staging);
            let _ = fsutil::remove_file(&self.ingest_path(&image.digest));
        }
        Ok((volume?, fetched))
    }

    /// Whether the kernel has refused an image that needs what this one needs. What cannot be read is not known to be.
    fn is_refused(&self, source: &dyn BlobSource, image: &Descriptor) -> bool {
        if self.lacking.is_empty() || self.has_blob(image) {
            return false;
        }
        let head = source.blob(image).ok();
        let needs = head.and_then(|head| Needs::read(head).ok());
        needs.is_some_and(|needs| self.lacking.has(needs))
    }

    /// Has the kernel read the image before anything shows, and mounts it when everything does.
    fn mount_staged(
        &self,
        order: &Order<'_>,
        staging: &Path,
        image: &Descriptor,
        diff_ids: Vec<Digest>,
        record: &Record<'_>,
    ) -> Result<Volume, Error> {
        let path = staging.join(IMAGE);
        // One file with two names: the volume's and the blob's.
        let linked = match fs::hard_link(self.ingest_path(&image.digest), &path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::hard_link(self.blob_path(&image.digest), &path)
            }
            result => result,
        };
        linked.map_err(|source| Error::io("write", &path, source))?;
        let fail = |path: &Path, source| {
            self.lacking.note(path, &source);
            Error::Mount {
                digest: image.digest,
                source,
            }
        };
        let mount = erofs::read(&path).map_err(|source| fail(&path, source))?;
        self.say_feature()?;
        let ready = Ready {
            manifest: order.digest,
            platform: order.platform,
            diff_ids,
            entries: erofs::entries(&path).map_err(|source| fail(&path, source))?,
            bytes: image.size,
            image: Some(image.digest),
        };
        let volume = self.commit(staging, ready, [image.digest].into_iter(), record)?;
        let dir = self.volume_dir(&order.digest);
        let path = dir.join(IMAGE);
        if let Err(source) = mount.mount(&path, &volume.path) {
            let error = fail(&path, source);
            self.discard(&dir)?;
            return Err(error);
        }
        Ok(volume)
    }

    /// Whether the image of a volume is mounted, also by us just now.
    pub(super) fn is_mounted(&self, manifest: &Digest) -> bool {
        let dir = self.volume_dir(manifest);
        let (image, place) = (dir.join(IMAGE), dir.join("fs"));
        erofs::is_mounted(&place)
            || erofs::read(&image).is_ok_and(|mount| mount.mount(&image, &place).is_ok())
    }

    /// What is wrong with the image of a volume, if anything is.
    pub(super) fn image_fault(
        &self,
        volume: &Ready,
        expected: Digest,
    ) -> Result<Option<String>, Error> {
        let path = self.volume_dir(&volume.manifest).join(IMAGE);
        match fs::File::open(&path).and_then(Digest::read) {
            Ok(actual) if actual == expected => Ok(None),
            Ok(actual) => Ok(Some(format!("Image has another digest: `{actual}`"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Some("Image is missing".to_owned()))
            }
            Err(source) => Err(Error::io("read", path, source)),
        }
    }

    /// Lets `meta.json` say that there are images.
    fn say_feature(&self) -> Result<(), Error> {
        let path = self.root.join("meta.json");
        let mut meta: super::Meta =
            json::read(&path)?.ok_or_else(|| Error::NotInitialized(self.root.clone()))?;
        if meta.features.iter().any(|feature| feature == FEATURE) {
            return Ok(());
        }
        meta.features.push(FEATURE.to_owned());
        json::write(&path, &meta)
    }
}

/// The one blob of a twin.
fn image_of(twin: &Manifest) -> Result<Descriptor, Error> {
    let found = twin.artifact_type.as_deref().unwrap_or("none");
    match &twin.layers[..] {
        [image] if image.media_type == media::LAYER_EROFS && found == ARTIFACT_TYPE => {
            Ok(image.clone())
        }
        _ => Err(Error::Twin),
    }
}
