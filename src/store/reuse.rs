//! Layers that a volume of this store has already: linked, neither fetched nor copied.
//!
//! Two volumes then share the files of a layer, so a write through one would show in the other; volumes are only ever
//! mounted read-only, and `fsck` notices. A volume lists the entries of its layers beside its files, so that nothing has to
//! be decompressed to know them.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::unpack::Earlier;
use super::{Error, Store, beneath};
use crate::artifact::tarball::Entry;
use crate::artifact::{Descriptor, Manifest};
use crate::digest::Digest;
use crate::parallel;
use crate::platform::Platform;

/// Layers that are looked at at a time: what waits for a disk is as much as what counts.
const PARALLEL: usize = 4;

/// Donors by the digests of the layers that they have.
pub(super) type Donors = BTreeMap<Digest, Donor>;

/// A layer in a whole volume.
#[derive(Debug)]
pub(super) struct Donor {
    /// The volume's manifest.
    pub(super) volume: Digest,
    /// The volume's files.
    pub(super) fs: Arc<OwnedFd>,
    /// The digest of the layer's tar.
    pub(super) diff_id: Digest,
    /// The entries of the layer.
    pub(super) entries: Vec<Entry>,
    /// Where they are listed.
    pub(super) list: PathBuf,
}

/// A volume and a layer of it that is not as it was unpacked.
pub(super) type Changed = BTreeSet<(Digest, Digest)>;

/// The layers of a volume that are listed.
fn read_all(
    volume: Digest,
    fs: &Arc<OwnedFd>,
    dir: &Path,
    layers: Vec<(&Descriptor, &Digest)>,
) -> Vec<(Digest, Donor)> {
    let read = |(layer, diff_id): (&Descriptor, &Digest)| {
        let list = list(dir, &layer.digest);
        let donor = read(&list).map(|entries| Donor {
            volume,
            fs: Arc::clone(fs),
            diff_id: *diff_id,
            entries,
            list,
        });
        Ok::<_, Infallible>(donor.map(|donor| (layer.digest, donor)))
    };
    let Ok(donors) = parallel::map(layers, PARALLEL, read);
    donors.into_iter().flatten().collect()
}

impl Store {
    /// What whole volumes have of the layers that are wanted, but for what is known to be `changed`. Whether the rest is as it
    /// was shows when it is linked. The caller keeps anything from being collected.
    pub(super) fn donors(&self, wanted: &Manifest, changed: &Changed) -> Result<Donors, Error> {
        let mut donors = Donors::new();
        for digest in self.digests("volumes")? {
            let (Some(volume), Some(manifest)) = (self.find(&digest)?, self.manifest(&digest))
            else {
                continue;
            };
            let of_use = |layer: &Descriptor| {
                wanted.layers.iter().any(|one| one.digest == layer.digest)
                    && !donors.contains_key(&layer.digest)
                    && !changed.contains(&(digest, layer.digest))
                    // Without its blob nobody could check what was linked.
                    && self.has_blob(layer)
            };
            let layers = manifest.layers.iter().zip(&volume.ready.diff_ids);
            let layers: Vec<_> = layers.filter(|(layer, _)| of_use(layer)).collect();
            if layers.is_empty() {
                continue;
            }
            let fs = beneath::root(&volume.path)
                .map(Arc::new)
                .map_err(|source| Error::io("open", &volume.path, source))?;
            let dir = self.volume_dir(&digest);
            donors.extend(read_all(digest, &fs, &dir, layers));
        }
        Ok(donors)
    }
}

impl Store {
    /// The volume that a reference led to until now, whose files may be the same as those of the next one: those of
    /// layers that are not linked as a whole.
    pub(super) fn earlier(
        &self,
        reference: &str,
        platform: Platform,
        donors: &Donors,
    ) -> Option<Earlier> {
        let name = self.name(reference).ok()??;
        let digest = name.current.platforms.get(&platform)?;
        let volume = self.find(digest).ok()??;
        let layers = self.manifest(digest)?.layers;
        let dir = self.volume_dir(digest);
        let lists = layers
            .iter()
            .filter(|layer| !donors.contains_key(&layer.digest))
            .filter_map(|layer| read(&list(&dir, &layer.digest)));
        let entries: Vec<Entry> = lists.flatten().collect();
        // An image has no files to be linked.
        if entries.is_empty() {
            return None;
        }
        let fs = beneath::root(&volume.path).ok()?;
        Some(Earlier::new(Arc::new(fs), entries))
    }
}

/// Lists a layer's entries beside the files of a volume that is being made.
pub(super) fn list_entries(staging: &Path, layer: &Digest, entries: &[Entry]) -> Result<(), Error> {
    // Paths that are no text cannot be listed; such a layer is unpacked each time.
    let Ok(content) = serde_json::to_vec(entries) else {
        return Ok(());
    };
    put_list(staging, layer, |path| fs::write(path, content))
}

/// The same for a layer that is linked from where it is listed already.
pub(super) fn link_entries(staging: &Path, layer: &Digest, from: &Path) -> Result<(), Error> {
    put_list(staging, layer, |path| match fs::hard_link(from, path) {
        // The same layer twice.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    })
}

/// Has a layer's list put where it belongs.
fn put_list(
    staging: &Path,
    layer: &Digest,
    put: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), Error> {
    let path = list(staging, layer);
    fs::create_dir_all(staging.join("layers"))
        .and_then(|()| put(&path))
        .map_err(|source| Error::io("write", &path, source))
}

fn list(volume: &Path, layer: &Digest) -> PathBuf {
    volume.join("layers").join(layer.hex() + ".json")
}

/// A list that is not there or does not parse only costs time.
fn read(path: &Path) -> Option<Vec<Entry>> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
