//! Filling: a volume is made beside the others from its layers, and shows only when it is whole.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::reuse::{self, Donors};
use super::unpack::Unpacker;
use super::{Error, Ready, Store, Volume};
use crate::artifact::{self, BlobSource, Config, Descriptor, Manifest, Reporter};
use crate::digest::Digest;
use crate::fsutil;
use crate::labels::ARTIFACT_TYPE;
use crate::parallel;
use crate::platform::Platform;

/// Layers at a time: enough to keep a slow line and two cores busy.
const PARALLEL: usize = 4;

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

/// A volume that is being filled.
struct Filling<'a> {
    store: &'a Store,
    order: &'a Order<'a>,
    staging: PathBuf,
    donors: Donors,
    unpacker: Unpacker,
}

impl Store {
    /// Fetches what is missing, unpacks it beside, and makes it visible. Returns the bytes that had to be fetched. The
    /// caller holds the manifest's lock.
    pub(super) fn fill(&self, order: &Order<'_>) -> Result<(Volume, u64), Error> {
        let diff_ids = order.diff_ids()?;
        self.check_room(order.manifest)?;
        let donors = if order.link {
            self.donors(order.manifest)?
        } else {
            Donors::default()
        };
        let staging = self.stage(&order.digest)?;
        let into = staging.join("fs");
        let fail = |source| Error::io("unpack into", &into, source);
        let filling = Filling {
            store: self,
            order,
            staging: staging.clone(),
            donors,
            unpacker: Unpacker::new(&into).map_err(fail)?,
        };
        let done = filling.layers(&diff_ids).and_then(|fetched| {
            let (entries, bytes) = filling.unpacker.finish().map_err(fail)?;
            let ready = Ready {
                manifest: order.digest,
                platform: order.platform,
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

impl Order<'_> {
    /// The digests of the layers' tars, if this is a volume for the platform.
    fn diff_ids(&self) -> Result<Vec<Digest>, Error> {
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

impl Filling<'_> {
    /// All layers, several at a time. Returns the bytes that had to be fetched.
    fn layers(&self, diff_ids: &[Digest]) -> Result<u64, Error> {
        let layers = self.order.manifest.layers.iter().zip(diff_ids).enumerate();
        let mut queue: Vec<(usize, (&Descriptor, &Digest))> = layers.collect();
        // The largest is taken first, from the end.
        queue.sort_by_key(|(_, (layer, _))| layer.size);
        let fetched = parallel::map(queue, PARALLEL, |(number, (layer, diff_id))| {
            self.layer(number, layer, diff_id)
        })?;
        Ok(fetched.iter().sum())
    }

    /// One layer: linked from another volume, or fetched and unpacked.
    fn layer(&self, number: usize, layer: &Descriptor, diff_id: &Digest) -> Result<u64, Error> {
        let Self {
            store, unpacker, ..
        } = self;
        let fail = |source| Error::Layer {
            layer: layer.digest,
            source,
        };
        let donor = self.donors.get(&layer.digest);
        if let Some(donor) = donor.filter(|donor| donor.diff_id == *diff_id)
            && donor.is_unchanged().map_err(fail)?
        {
            unpacker
                .link(number, &donor.fs, &donor.entries)
                .map_err(fail)?;
            reuse::list_entries(&self.staging, &layer.digest, &donor.entries)?;
            return Ok(0);
        }
        let (source, reporter) = (self.order.source, self.order.reporter);
        let fetched = store.ensure_blob(source, layer, &title(number, layer), reporter)?;
        let blob = File::open(store.blob_path(&layer.digest)).map_err(fail)?;
        let (actual, entries) = unpacker.layer(number, blob, layer.size).map_err(fail)?;
        if actual != *diff_id {
            return Err(artifact::Error::DiffId {
                layer: layer.digest.to_string(),
                expected: *diff_id,
                actual,
            }
            .into());
        }
        reuse::list_entries(&self.staging, &layer.digest, &entries)?;
        Ok(fetched)
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
