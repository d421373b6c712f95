//! Volumes that nobody can write through. Engines refuse `readonly` for a volume without a name, and people forget it
//! for one with a name; but versions share files, so one container's write would be every container's. What an engine is
//! given is therefore a bind mount of the volume that is read-only itself, and stays so in every mount made of it.
//!
//! That needs the rights to mount, and an engine that sees our mounts: in the same mount namespace, or in one that shares
//! the store's folder (`rshared`). Where one of them is missing the volume is given as it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::mount::{
    MountFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount_bind, mount_remount, move_mount,
    open_tree, unmount,
};

use crate::agent::Error;
use crate::digest::Digest;
use crate::fsutil;
use crate::mountinfo::Table;
use crate::store::Volume;

/// The folder of read-only mounts, each called by its volume's manifest.
#[derive(Debug)]
pub(super) struct Guard(PathBuf);

impl Guard {
    /// The mounts in the agent's own folder.
    pub(super) fn open(own: &Path) -> Result<Self, Error> {
        let folder = own.join("mounts");
        fsutil::private_dir(&folder).map_err(|source| Error::io("create", &folder, source))?;
        Ok(Self(folder))
    }

    /// Where an engine finds a volume. `engine` is its process, if that is known.
    pub(super) fn guarded(&self, volume: &Volume, engine: Option<i32>) -> PathBuf {
        let place = self.0.join(volume.ready.manifest.hex());
        let shown = engine.is_some_and(|engine| show(&volume.path, &place, engine));
        if shown { place } else { volume.path.clone() }
    }

    /// Where a volume is found, if an engine was given it read-only.
    pub(super) fn there(&self, manifest: &Digest) -> Option<PathBuf> {
        let place = self.0.join(manifest.hex());
        is_mounted(&place).then_some(place)
    }

    /// Ends the mounts of all volumes but these.
    pub(super) fn clear(&self, wanted: &BTreeSet<Digest>) -> Result<(), Error> {
        let fail = |source| Error::io("read", &self.0, source);
        for entry in fs::read_dir(&self.0).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let manifest = entry.file_name().to_str().map(Digest::parse_hex);
            if matches!(manifest, Some(Ok(manifest)) if wanted.contains(&manifest)) {
                continue;
            }
            end(&entry.path());
        }
        Ok(())
    }
}

/// Whether `engine` sees a folder read-only at `place`, after all that could be done for it.
fn show(folder: &Path, place: &Path, engine: i32) -> bool {
    let Some(table) = Table::of(engine) else {
        return false;
    };
    let before = is_mounted(place);
    if before && is_read_only(&table, place) {
        return true;
    }
    if !before && !mount(folder, place) {
        return false;
    }
    let seen = || Table::of(engine).is_some_and(|table| is_read_only(&table, place));
    if seen() || (publish(place) && seen()) {
        return true;
    }
    if !before {
        end(place);
    }
    false
}

/// Mounts a folder read-only. Whether that could be done; nothing is left of it otherwise.
fn mount(folder: &Path, place: &Path) -> bool {
    if fsutil::private_dir(place).is_err() || mount_bind(folder, place).is_err() {
        let _ = fs::remove_dir(place);
        return false;
    }
    // A bind mount is made with the flags of what it shows, and only then changed (mount(2)).
    let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NODEV | MountFlags::NOSUID;
    let done = mount_remount(place, flags, "").is_ok();
    if !done {
        let _ = unmount(place, UnmountFlags::DETACH);
        let _ = fs::remove_dir(place);
    }
    done
}

/// Shows a mount to those who share the file system below it with us, as an engine does with an agent in a container
/// (`mount_namespaces(7)`). They were shown it when it was made, which is before it was read-only, and what is changed
/// later is changed for us alone: so it is made once more, of what it is now. Whether that could be done (Linux 5.2).
fn publish(place: &Path) -> bool {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let Ok(copy) = open_tree(CWD, place, flags) else {
        return false;
    };
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    unmount(place, UnmountFlags::DETACH).is_ok() && move_mount(copy, "", CWD, place, flags).is_ok()
}

/// Ends a mount. Containers have mounts of their own, which stay.
fn end(place: &Path) {
    while is_mounted(place) && unmount(place, UnmountFlags::DETACH).is_ok() {}
    // Empty by now, or still mounted and left for the next time.
    let _ = fs::remove_dir(place);
}

/// Whether something is mounted there, as we see it.
fn is_mounted(place: &Path) -> bool {
    Table::own().is_some_and(|table| table.at(place).is_some())
}

fn is_read_only(table: &Table, place: &Path) -> bool {
    table.at(place).is_some_and(|mount| mount.is_read_only())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_foreign_engine_or_none_is_given_is_the_folder_itself() {
        let dir = tempfile::tempdir().unwrap();
        let guard = Guard::open(dir.path()).unwrap();
        let ready = serde_json::json!({
            "manifest": Digest::of(b""), "platform": "linux/amd64", "diff_ids": [], "entries": 0, "bytes": 0,
        });
        let volume = Volume {
            path: dir.path().to_owned(),
            ready: serde_json::from_value(ready).unwrap(),
        };
        for engine in [None, Some(i32::MAX)] {
            assert_eq!(guard.guarded(&volume, engine), dir.path());
        }
        assert_eq!(guard.there(&volume.ready.manifest), None);
        fs::create_dir(dir.path().join("mounts/left")).unwrap();
        guard.clear(&BTreeSet::new()).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("mounts")).unwrap().count(), 0);
    }
}
