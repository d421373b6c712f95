//! Checking: is everything what it says it is, to the last byte, and if not, what can be done.
//!
//! Blobs are held against their digests, and volumes against the layers that they were made from. What is wrong is
//! data, not an error: an error is only what keeps us from looking.

mod compare;
mod fault;
mod own;

use std::fs;
use std::path::Path;

use serde::Serialize;

pub use fault::{Fault, Place, Remedy};

use super::commit::Record;
use super::order::Order;
use super::{Error, Name, Ready, Store, Volume, json, lease::Lease};
use crate::artifact::{Manifest, Silent};
use crate::digest::Digest;
use own::Own;

/// What was looked at, and what was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Checked {
    /// Names that were read.
    pub names: usize,
    /// Leases that were read.
    pub leases: usize,
    /// Blobs that were verified.
    pub blobs: usize,
    /// Volumes that were compared with their layers.
    pub volumes: usize,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
}

impl Store {
    /// Looks at everything in the store. With `repair`, what is damaged is taken away, and made again where the
    /// store itself has what it takes.
    pub fn fsck(&self, repair: bool) -> Result<Checked, Error> {
        let _shared = self.shared()?;
        let mut checked = Checked::default();
        // First of all, for volumes are made again from blobs.
        self.check_blobs(repair, &mut checked)?;
        checked.names = self.check_documents::<Name>("names", repair, &mut checked.faults)?;
        checked.leases = self.check_documents::<Lease>("leases", repair, &mut checked.faults)?;
        for manifest in self.digests("volumes")? {
            self.check_volume(&manifest, repair, &mut checked)?;
        }
        self.check_names(repair, &mut checked)?;
        if repair {
            self.empty_trash()?;
        }
        Ok(checked)
    }

    fn check_blobs(&self, repair: bool, checked: &mut Checked) -> Result<(), Error> {
        for digest in self.digests("blobs/sha256")? {
            let _lock = self.lock(&digest)?;
            checked.blobs += 1;
            let path = self.blob_path(&digest);
            let actual = match own::digest_of(&path) {
                Ok(Some(actual)) => actual,
                // Collected meanwhile.
                Ok(None) => continue,
                Err(source) => return Err(Error::io("read", path, source)),
            };
            if actual == digest {
                continue;
            }
            checked.faults.push(Fault {
                place: Place::Blob { digest },
                message: format!("Content has another digest: `{actual}`"),
                remedy: self.take_away(&path, repair)?,
            });
        }
        Ok(())
    }

    fn check_documents<T: serde::de::DeserializeOwned>(
        &self,
        folder: &str,
        repair: bool,
        faults: &mut Vec<Fault>,
    ) -> Result<usize, Error> {
        let files = self.files(folder)?;
        for path in &files {
            let Err(Error::Damaged { source, .. }) = json::read::<T>(path) else {
                continue;
            };
            faults.push(Fault {
                place: Place::File { path: path.clone() },
                message: format!("Does not parse: {source}"),
                remedy: self.take_away(path, repair)?,
            });
        }
        Ok(files.len())
    }

    /// Takes away what is damaged, if it is to be repaired.
    fn take_away(&self, path: &Path, repair: bool) -> Result<Remedy, Error> {
        if !repair {
            return Ok(Remedy::Repair);
        }
        self.discard(path)?;
        Ok(Remedy::Removed)
    }

    fn check_volume(
        &self,
        manifest: &Digest,
        repair: bool,
        checked: &mut Checked,
    ) -> Result<(), Error> {
        let _lock = self.lock(manifest)?;
        let dir = self.volume_dir(manifest);
        if !dir.exists() {
            return Ok(());
        }
        checked.volumes += 1;
        if let Some((ready, image)) = self.find(manifest)?.and_then(|volume| {
            let image = volume.ready.image?;
            Some((volume.ready, image))
        }) {
            return self.check_image(&ready, image, repair, checked);
        }
        let (found, verifiable) = match (self.find(manifest)?, self.manifest(manifest)) {
            (None, document) => (
                vec![(None, "No valid `ready.json`".to_owned())],
                document.is_some(),
            ),
            (Some(_), None) => (vec![(None, "Its manifest is missing".to_owned())], false),
            (Some(volume), Some(document)) => match self.missing_layer(&document) {
                Some(layer) => {
                    let message = format!("Cannot be verified without the layer `{layer}`");
                    (vec![(None, message)], false)
                }
                None => (self.differences(&volume, &document)?, true),
            },
        };
        if found.is_empty() {
            return Ok(());
        }
        let remedy = match (verifiable, repair) {
            (true, false) => Remedy::Repair,
            (true, true) => {
                self.discard(&dir)?;
                self.rebuild(manifest)?
            }
            (false, _) => Remedy::Pull,
        };
        let manifest = *manifest;
        checked
            .faults
            .extend(found.into_iter().map(|(path, message)| Fault {
                place: Place::Volume { manifest, path },
                message,
                remedy,
            }));
        Ok(())
    }

    /// An image is all of a volume.
    fn check_image(
        &self,
        ready: &Ready,
        image: Digest,
        repair: bool,
        checked: &mut Checked,
    ) -> Result<(), Error> {
        if let Some(message) = self.image_fault(ready, image)? {
            let manifest = ready.manifest;
            checked.faults.push(Fault {
                place: Place::Volume {
                    manifest,
                    path: None,
                },
                message,
                remedy: self.take_away(&self.volume_dir(&manifest), repair)?,
            });
        }
        Ok(())
    }

    /// Names must lead somewhere.
    fn check_names(&self, repair: bool, checked: &mut Checked) -> Result<(), Error> {
        let names = match self.names() {
            // It was said already, and stays so without a repair.
            Err(Error::Damaged { .. }) => return Ok(()),
            names => names?,
        };
        for name in names {
            for (platform, manifest) in &name.current.platforms {
                let _lock = self.lock(manifest)?;
                if self.volume_dir(manifest).exists() {
                    continue;
                }
                let remedy = if repair {
                    self.rebuild(manifest)?
                } else {
                    Remedy::Pull
                };
                checked.faults.push(Fault {
                    place: Place::Name {
                        reference: name.reference.clone(),
                        platform: *platform,
                    },
                    message: format!("Leads to a volume that is not there: `{manifest}`"),
                    remedy,
                });
            }
        }
        Ok(())
    }

    /// Makes a volume again from what the store has. The caller holds the manifest's lock.
    fn rebuild(&self, digest: &Digest) -> Result<Remedy, Error> {
        let Some(manifest) = self.manifest(digest) else {
            return Ok(Remedy::Pull);
        };
        let Some(platform) = self.platform_of(&manifest) else {
            return Ok(Remedy::Pull);
        };
        if self.missing_layer(&manifest).is_some() {
            return Ok(Remedy::Pull);
        }
        let own = Own(self);
        let shown = digest.to_string();
        let order = Order {
            source: &own,
            reference: &shown,
            platform,
            digest: *digest,
            manifest: &manifest,
            // Others may be damaged as well, by the same write to a shared file.
            link: false,
            reporter: &Silent,
        };
        self.fill(&order, &Record::default())?;
        Ok(Remedy::Rebuilt)
    }

    /// What in a volume is not as its layers have it: the path, if one can be named, and how.
    fn differences(
        &self,
        volume: &Volume,
        manifest: &Manifest,
    ) -> Result<Vec<(Option<std::path::PathBuf>, String)>, Error> {
        let Ready { diff_ids, .. } = &volume.ready;
        let mut comparison = compare::Comparison::new(&volume.path)
            .map_err(|source| Error::io("read", &volume.path, source))?;
        let mut found = Vec::new();
        for (number, layer) in manifest.layers.iter().enumerate() {
            let path = self.blob_path(&layer.digest);
            let diff_id = fs::File::open(&path)
                .and_then(|blob| comparison.layer(number, blob, layer.size))
                .map_err(|source| Error::Layer {
                    layer: layer.digest,
                    source,
                })?;
            if diff_ids.get(number) != Some(&diff_id) {
                found.push((
                    None,
                    format!("`ready.json` has another layer {}", number + 1),
                ));
            }
        }
        let rest = comparison
            .finish()
            .map_err(|source| Error::io("read", &volume.path, source))?;
        found.extend(
            rest.into_iter()
                .map(|(path, message)| (Some(path), message)),
        );
        Ok(found)
    }
}
