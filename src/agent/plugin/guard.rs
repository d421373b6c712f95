//! Volumes that nobody can write through. Engines refuse `readonly` for a volume without a name, and people forget it
//! for one with a name; but versions share files, so one container's write would be every container's. What an engine is
//! given is therefore a bind mount of the volume that is read-only itself, and stays so in every mount made of it.
//!
//! That needs the rights to mount, and an engine that sees our mounts. Where one of them is missing the volume is given
//! as it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, UnmountFlags, mount_bind, mount_remount, unmount};

use crate::agent::Error;
use crate::digest::Digest;
use crate::fsutil;
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
        let sees = engine.is_some_and(sees_our_mounts);
        let place = self.0.join(volume.ready.manifest.hex());
        if sees && (is_mounted(&place) || mount(&volume.path, &place)) {
            place
        } else {
            volume.path.clone()
        }
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
            let place = entry.path();
            // Containers have mounts of their own, which stay.
            while is_mounted(&place) && unmount(&place, UnmountFlags::DETACH).is_ok() {}
            // Empty by now, or still mounted and left for the next time.
            let _ = fs::remove_dir(&place);
        }
        Ok(())
    }
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

/// Whether a process has the same view of what is mounted as we do.
fn sees_our_mounts(pid: i32) -> bool {
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
    let ours = namespace("self");
    ours.is_some() && ours == namespace(&pid.to_string())
}

/// Whether something is mounted there, by the kernel's own table: the fifth field is the place, with blanks and the
/// like in octal (`proc_pid_mountinfo(5)`).
fn is_mounted(place: &Path) -> bool {
    let Some(place) = place.to_str() else {
        return false;
    };
    let mut written = String::new();
    for character in place.chars() {
        match character {
            ' ' => written.push_str("\\040"),
            '\t' => written.push_str("\\011"),
            '\n' => written.push_str("\\012"),
            '\\' => written.push_str("\\134"),
            other => written.push(other),
        }
    }
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    table
        .lines()
        .any(|line| line.split(' ').nth(4) == Some(&*written))
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

    #[test]
    fn the_table_of_mounts_is_read() {
        assert!(is_mounted(Path::new("/proc")));
        assert!(!is_mounted(Path::new("/proc/self")));
    }
}
