//! Collecting: what nobody wants any more is taken away.
//!
//! First, alone in the store: see what must stay, and move the rest to `trash/`, which is quick and leaves nothing
//! half-visible. Then, with everybody back at work: delete it. Whoever is killed in between leaves trash for the next.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use serde::Serialize;

use super::mounts::mounted;
use super::roots::{Roots, kept};
use super::{Error, Name, Store, erofs, lease};
use crate::digest::Digest;
use crate::fsutil;

/// How long a blob that is not whole waits for somebody who fetches the rest.
const RESUMABLE: Duration = Duration::from_hours(24);

/// How to collect.
#[derive(Clone, Copy, Debug)]
pub struct Collect {
    /// How many versions of each name stay, the current one among them.
    pub keep_last: usize,
    /// Whether compressed layers of `krunner publish` go too.
    pub cache: bool,
    /// How long to wait until nobody uses the store.
    pub wait: Duration,
    /// Whether to say only what would be done.
    pub dry_run: bool,
}

/// What was taken away, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// Volumes, by their manifests.
    pub volumes: Vec<Digest>,
    /// Blobs.
    pub blobs: Vec<Digest>,
    /// Leases that had ended.
    pub leases: Vec<String>,
    /// Files and folders that killed processes left, and cached layers.
    pub leftovers: usize,
    /// The bytes in all of these, as far as they are known.
    pub bytes: u64,
}

impl Store {
    /// Takes away what no name, lease or mount keeps.
    pub fn gc(&self, how: Collect) -> Result<Collected, Error> {
        let alone = self.exclusive(how.wait)?;
        let names = self.names()?;
        let roots = self.roots(&names, how.keep_last)?;
        let mut collected = Collected::default();
        let mut victims = self.unwanted_volumes(&roots, &mut collected)?;
        victims.extend(self.unwanted_blobs(&names, &roots, how.keep_last, &mut collected)?);
        victims.extend(self.leftovers(how.cache, &mut collected)?);
        let ended = self.ended_leases(&mut collected)?;
        if how.dry_run {
            return Ok(collected);
        }
        self.forget_past(names, how.keep_last)?;
        for path in &ended {
            remove(path)?;
        }
        for path in &victims {
            self.discard(path)?;
        }
        // Locks are files too. We are alone, so nobody holds one.
        for path in self.files("locks")? {
            if path.file_name().is_some_and(|name| name != "store") {
                remove(&path)?;
            }
        }
        drop(alone);
        self.empty_trash()?;
        Ok(collected)
    }

    fn unwanted_volumes(
        &self,
        roots: &Roots,
        collected: &mut Collected,
    ) -> Result<Vec<PathBuf>, Error> {
        let mut victims = Vec::new();
        for manifest in self.digests("volumes")? {
            if roots.contains_key(&manifest) {
                continue;
            }
            if let Some(volume) = self.find(&manifest)? {
                collected.bytes += volume.ready.bytes;
            }
            collected.volumes.push(manifest);
            victims.push(self.volume_dir(&manifest));
        }
        Ok(victims)
    }

    /// Blobs that neither a kept version of a name nor a kept volume speaks of.
    fn unwanted_blobs(
        &self,
        names: &[Name],
        roots: &Roots,
        keep_last: usize,
        collected: &mut Collected,
    ) -> Result<Vec<PathBuf>, Error> {
        let mut wanted: BTreeSet<Digest> = roots.keys().copied().collect();
        wanted.extend(
            names
                .iter()
                .flat_map(|name| kept(name, keep_last))
                .map(|version| version.digest),
        );
        // A damaged manifest keeps no layers; its volume stays all the same.
        for manifest in roots.keys().filter_map(|digest| self.manifest(digest)) {
            wanted.insert(manifest.config.digest);
            wanted.extend(manifest.layers.iter().map(|layer| layer.digest));
        }
        for manifest in roots.keys() {
            wanted.extend(self.find(manifest)?.and_then(|volume| volume.ready.image));
        }
        let mut victims = Vec::new();
        for blob in self.digests("blobs/sha256")? {
            if wanted.contains(&blob) {
                continue;
            }
            let path = self.blob_path(&blob);
            collected.bytes += fs::symlink_metadata(&path).map_or(0, |meta| meta.len());
            collected.blobs.push(blob);
            victims.push(path);
        }
        Ok(victims)
    }

    /// What is on its way in, of processes that are no more: we are alone.
    fn leftovers(&self, cache: bool, collected: &mut Collected) -> Result<Vec<PathBuf>, Error> {
        let mut victims = self.files("ingest")?;
        // Somebody may come back soon and go on with it.
        victims.retain(|path| !(is_digest(path) && is_recent(path)));
        victims.extend(self.files("staging")?);
        for folder in ["", "names", "leases", "blobs/sha256", "cache/zstd"] {
            victims.extend(self.half_written(folder)?);
        }
        if cache {
            victims.extend(self.files("cache/zstd")?);
        }
        for path in &victims {
            let file = fs::symlink_metadata(path)
                .ok()
                .filter(fs::Metadata::is_file);
            collected.bytes += file.map_or(0, |meta| meta.len());
        }
        collected.leftovers = victims.len() + self.unused_trash()?.len();
        Ok(victims)
    }

    fn ended_leases(&self, collected: &mut Collected) -> Result<Vec<PathBuf>, Error> {
        let now = lease::now();
        let ended = self.leases()?.into_iter().filter(|lease| !lease.holds(now));
        collected.leases = ended.map(|lease| lease.id).collect();
        let paths = collected.leases.iter().map(|id| self.lease_path(id));
        Ok(paths.collect())
    }

    /// Takes out of the names' history what is about to go.
    fn forget_past(&self, names: Vec<Name>, keep_last: usize) -> Result<(), Error> {
        for mut name in names {
            let past = keep_last.max(1) - 1;
            if name.history.len() > past {
                name.history.truncate(past);
                self.write_name(&name)?;
            }
        }
        Ok(())
    }

    /// Moves something to the trash. The caller holds the store's lock or the lock of that something.
    pub(super) fn discard(&self, path: &Path) -> Result<(), Error> {
        // Whoever else has it mounted keeps it, even when the image is deleted.
        erofs::take_away(&path.join("fs"));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.trim_start_matches('.');
        let trash = self.root.join("trash");
        // What lies there may be mounted, or somebody else's who was killed.
        for number in 0u64.. {
            let place = trash.join(format!("{name}-{number}"));
            match rustix::fs::renameat_with(CWD, path, CWD, &place, RenameFlags::NOREPLACE) {
                Err(Errno::EXIST) => {}
                Ok(()) | Err(Errno::NOENT) => break,
                Err(error) => return Err(Error::io("remove", path, error.into())),
            }
        }
        Ok(())
    }

    /// Deletes the trash. Somebody else who does the same at the same time is in nobody's way.
    pub(super) fn empty_trash(&self) -> Result<(), Error> {
        for path in self.unused_trash()? {
            remove(&path)?;
        }
        Ok(())
    }

    /// What is in the trash, but for volumes that were repaired while they were mounted.
    fn unused_trash(&self) -> Result<Vec<PathBuf>, Error> {
        let mounted = mounted();
        let mut trash = self.files("trash")?;
        trash.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !mounted.contains(&*name)
        });
        Ok(trash)
    }
}

fn is_digest(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| Digest::parse_hex(name).is_ok())
}

/// Whether a file was written to within the last day.
fn is_recent(path: &Path) -> bool {
    let written = fs::symlink_metadata(path).and_then(|meta| meta.modified());
    // A time in the future is as good as now.
    written.is_ok_and(|written| written.elapsed().unwrap_or_default() < RESUMABLE)
}

fn remove(path: &Path) -> Result<(), Error> {
    let removed = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fsutil::remove_tree(path),
        _ => fsutil::remove_file(path).map(drop),
    };
    removed.map_err(|source| Error::io("remove", path, source))
}
