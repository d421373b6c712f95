//! A disk of its own: an ext4 on a file, through a loop device.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::{capture, program, works};

/// Room for a volume, its blobs, and what unpacking leaves beside them.
const SIZE: u64 = 1 << 30;

/// Mounted until it is dropped.
#[derive(Debug)]
pub(super) struct Disk {
    file: PathBuf,
    place: PathBuf,
}

impl Disk {
    /// Makes one and mounts it on a folder; nothing, where only root may.
    pub(super) fn new(home: &Path, place: &Path) -> Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let file = home.join("disk");
        let file = file.with_extension(place.file_name().unwrap_or_default());
        let disk = File::create(&file)?;
        // Written through to blocks that are there, as on a disk.
        rustix::fs::fallocate(&disk, rustix::fs::FallocateFlags::empty(), 0, SIZE)?;
        let lazy = "lazy_itable_init=0,lazy_journal_init=0,nodiscard";
        capture(program("mkfs.ext4", ["-q", "-F", "-E", lazy]).arg(&file))?;
        let device =
            capture(program("losetup", ["--find", "--show", "--direct-io=on"]).arg(&file))?;
        let made = Self {
            file,
            place: place.to_owned(),
        };
        let mounted = capture(program("mount", ["-t", "ext4", &device]).arg(place));
        // It goes away with the mount.
        works(&mut program("losetup", ["--detach", &device]));
        mounted?;
        // Nobody but us enters.
        works(&mut program("rmdir", [place.join("lost+found")]));
        Ok(Some(made))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        works(program("umount", ["--lazy"]).arg(&self.place));
        let _ = fs::remove_file(&self.file);
    }
}
