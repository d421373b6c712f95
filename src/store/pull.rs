//! From a source to a whole volume: the one way in. Every byte is verified, and nothing shows before all of it is there.

use std::fs::File;
use std::io;
use std::sync::Mutex;
use std::thread;

use serde::Serialize;

use super::unpack::Unpacker;
use super::{Error, Ready, Store, Volume};
use crate::artifact::{
    self, BlobSource, Config, Descriptor, Document, Index, Manifest, Reporter, media,
};
use crate::digest::Digest;
use crate::fsutil;
use crate::labels::ARTIFACT_TYPE;
use crate::platform::Platform;

/// Layers at a time: enough to keep a slow line and two cores busy.
const PARALLEL: usize = 4;

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
        let root = source.root().map_err(artifact::Error::from)?;
        let (chosen, from_index) = choose(&root, reference, platform)?;
        let digest = chosen.digest;
        // Until it is recorded, nothing but this keeps it from being collected.
        let _shared = self.shared()?;
        let _lock = self.lock(&digest)?;
        let manifest = if let Some(manifest) = self.manifest(&digest) {
            manifest
        } else {
            let content = if from_index {
                document(source, &chosen)?
            } else {
                root.content.clone()
            };
            self.keep_document(&digest, &content)?;
            Manifest::parse(&content)?
        };
        let before = self.volume(&digest)?;
        let unchanged = before.is_some();
        let (volume, fetched) = match before {
            Some(volume) => (volume, self.complete(source, &manifest, reporter)?),
            None => self.fill(source, reference, platform, digest, &manifest, reporter)?,
        };
        self.keep_document(&root.descriptor.digest, &root.content)?;
        self.record(reference, root.descriptor.digest, platform, digest)?;
        Ok(Pulled {
            reference: reference.to_owned(),
            digest: root.descriptor.digest,
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

    /// Fetches what is missing, unpacks it beside, and makes it visible. The caller holds the manifest's lock.
    pub(super) fn fill(
        &self,
        source: &dyn BlobSource,
        reference: &str,
        platform: Platform,
        digest: Digest,
        manifest: &Manifest,
        reporter: &dyn Reporter,
    ) -> Result<(Volume, u64), Error> {
        let found = manifest.artifact_type.as_deref().unwrap_or("none");
        if found != ARTIFACT_TYPE {
            return Err(Error::Type {
                reference: reference.to_owned(),
                found: found.to_owned(),
            });
        }
        let config = config(source, &manifest.config)?;
        let diff_ids = config.rootfs.diff_ids.clone();
        let offered = config.platform()?;
        if offered != platform {
            return Err(artifact::Error::NoPlatform {
                wanted: platform.to_string(),
                reference: reference.to_owned(),
                offered: format!("`{offered}`"),
            }
            .into());
        }
        if diff_ids.len() != manifest.layers.len() {
            return Err(artifact::Error::LayerCount {
                platform: platform.to_string(),
                layers: manifest.layers.len(),
                diff_ids: diff_ids.len(),
            }
            .into());
        }
        self.check_room(manifest)?;
        let staging = self.stage(&digest)?;
        let result = self.unpack(source, manifest, &diff_ids, &staging.join("fs"), reporter);
        let done = result.and_then(|(fetched, entries, bytes)| {
            let ready = Ready {
                manifest: digest,
                platform,
                diff_ids,
                entries,
                bytes,
            };
            Ok((self.commit(&staging, ready)?, fetched))
        });
        if done.is_err() {
            // The error at hand says more than one about the clearing away, which the next pull does again.
            let _ = fsutil::remove_tree(&staging);
        }
        done
    }

    fn unpack(
        &self,
        source: &dyn BlobSource,
        manifest: &Manifest,
        diff_ids: &[Digest],
        into: &std::path::Path,
        reporter: &dyn Reporter,
    ) -> Result<(u64, u64, u64), Error> {
        let fail = |source| Error::io("unpack into", into, source);
        let unpacker = Unpacker::new(into).map_err(fail)?;
        let mut queue: Vec<(usize, &Descriptor, &Digest)> = manifest
            .layers
            .iter()
            .zip(diff_ids)
            .enumerate()
            .map(|(number, (layer, diff_id))| (number, layer, diff_id))
            .collect();
        // The largest is taken first, from the end.
        queue.sort_by_key(|(_, layer, _)| layer.size);
        let queue = Mutex::new(queue);
        let work = || -> Result<u64, Error> {
            let mut fetched = 0;
            loop {
                let next = queue
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .pop();
                let Some((number, layer, diff_id)) = next else {
                    return Ok(fetched);
                };
                let result = self.layer(source, &unpacker, number, layer, diff_id, reporter);
                if result.is_err() {
                    // What is queued is not worth beginning any more.
                    queue
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .clear();
                }
                fetched += result?;
            }
        };
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..PARALLEL).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                .map(thread::ScopedJoinHandle::join)
                .collect()
        });
        let mut fetched = 0;
        for result in results {
            match result {
                Ok(bytes) => fetched += bytes?,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        let (entries, bytes) = unpacker.finish().map_err(fail)?;
        Ok((fetched, entries, bytes))
    }

    fn layer(
        &self,
        source: &dyn BlobSource,
        unpacker: &Unpacker,
        number: usize,
        layer: &Descriptor,
        diff_id: &Digest,
        reporter: &dyn Reporter,
    ) -> Result<u64, Error> {
        let fetched = self.ensure_blob(source, layer, &title(number, layer), reporter)?;
        let fail = |source| Error::Layer {
            layer: layer.digest,
            source,
        };
        let blob = File::open(self.blob_path(&layer.digest)).map_err(fail)?;
        let actual = unpacker.layer(number, blob, layer.size).map_err(fail)?;
        if actual != *diff_id {
            return Err(artifact::Error::DiffId {
                layer: layer.digest.to_string(),
                expected: *diff_id,
                actual,
            }
            .into());
        }
        Ok(fetched)
    }

    /// Says early what would otherwise fail late. Packed layers are known exactly; unpacked ones are about four times that.
    fn check_room(&self, manifest: &Manifest) -> Result<(), Error> {
        let packed = manifest
            .layers
            .iter()
            .fold(0u64, |sum, layer| sum.saturating_add(layer.size));
        let needed = packed.saturating_mul(5);
        let stat = rustix::fs::statvfs(&self.root)
            .map_err(|error| Error::io("ask for room in", &self.root, io::Error::from(error)))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < needed {
            return Err(Error::Full {
                root: self.root.clone(),
                free,
                needed,
            });
        }
        Ok(())
    }
}

/// What a layer is called while it is fetched.
fn title(number: usize, layer: &Descriptor) -> String {
    let title = layer.annotations.get("org.opencontainers.image.title");
    title.map_or_else(|| format!("layer {}", number + 1), Clone::clone)
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
