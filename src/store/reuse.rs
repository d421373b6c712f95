//! Layers that a volume of this store has already: linked, neither fetched nor copied.
//!
//! Two volumes then share the files of a layer, so a write through one would show in the other; volumes are only ever
//! mounted read-only, and `fsck` notices. A volume lists the entries of its layers beside its files, so that nothing has to
//! be decompressed to know them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, statat};

use super::unpack::{Earlier, Folders, KEPT_MODE, split};
use super::{Error, Store, beneath};
use crate::artifact::Manifest;
use crate::artifact::tarball::{Entry, Kind};
use crate::digest::Digest;
use crate::platform::Platform;

/// Donors by the digests of the layers that they have.
pub(super) type Donors = BTreeMap<Digest, Donor>;

/// A layer in a whole volume.
#[derive(Debug)]
pub(super) struct Donor {
    /// The volume's files.
    pub(super) fs: Arc<OwnedFd>,
    /// The digest of the layer's tar.
    pub(super) diff_id: Digest,
    /// The entries of the layer.
    pub(super) entries: Vec<Entry>,
}

impl Donor {
    /// Whether its files look as they were unpacked: sizes, modes and times, but not content.
    fn is_unchanged(&self) -> bool {
        let mut folders = Folders::new(&self.fs);
        let mut files = self.entries.iter().filter(|entry| entry.kind == Kind::File);
        files.all(|entry| is_unchanged(&mut folders, entry).unwrap_or(false))
    }
}

/// A file that cannot be asked is not what it was.
fn is_unchanged(folders: &mut Folders, entry: &Entry) -> io::Result<bool> {
    let (folder, name) = split(&entry.path)?;
    let stat = statat(folders.get(folder)?, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(
        FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
            && stat.st_mode & 0o7777 == entry.mode & KEPT_MODE
            && u64::try_from(stat.st_size) == Ok(entry.size)
            && u64::try_from(stat.st_mtime) == Ok(entry.mtime),
    )
}

impl Store {
    /// What whole volumes have, as it was unpacked, of the layers that are wanted. The caller keeps anything from being collected.
    pub(super) fn donors(&self, wanted: &Manifest) -> Result<Donors, Error> {
        let mut donors = Donors::new();
        for digest in self.digests("volumes")? {
            let (Some(volume), Some(manifest)) = (self.find(&digest)?, self.manifest(&digest))
            else {
                continue;
            };
            for (layer, diff_id) in manifest.layers.iter().zip(&volume.ready.diff_ids) {
                let known = donors.contains_key(&layer.digest);
                let of_use = wanted.layers.iter().any(|one| one.digest == layer.digest);
                // Without its blob nobody could check what was linked.
                if known || !of_use || !self.has_blob(layer) {
                    continue;
                }
                let Some(entries) = read(&list(&self.volume_dir(&digest), &layer.digest)) else {
                    continue;
                };
                let donor = Donor {
                    fs: beneath::root(&volume.path)
                        .map(Arc::new)
                        .map_err(|source| Error::io("open", &volume.path, source))?,
                    diff_id: *diff_id,
                    entries,
                };
                if donor.is_unchanged() {
                    donors.insert(layer.digest, donor);
                }
            }
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
    let path = list(staging, layer);
    // Paths that are no text cannot be listed; such a layer is unpacked each time.
    let Ok(content) = serde_json::to_vec(entries) else {
        return Ok(());
    };
    fs::create_dir_all(staging.join("layers"))
        .and_then(|()| fs::write(&path, content))
        .map_err(|source| Error::io("write", &path, source))
}

fn list(volume: &Path, layer: &Digest) -> PathBuf {
    volume.join("layers").join(layer.hex() + ".json")
}

/// A list that is not there or does not parse only costs time.
fn read(path: &Path) -> Option<Vec<Entry>> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
