//! Volumes as file system images: fetched, verified, flushed, and mounted as they are. Nothing is unpacked.
//!
//! An image is mounted where the folder of an unpacked volume would be, read-only and without set-id bits or devices. A
//! mount is gone after a restart, so whoever asks for such a volume has it mounted again. The kernel reads the image's file
//! itself (Linux 6.12); before that, a loop device stands in between. Taking the mount and the file away leaves whoever
//! has the volume mounted elsewhere with all of it.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{CWD, FsWord};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, move_mount, unmount,
};

/// What the kernel calls it.
const EROFS: &CStr = c"erofs";
/// `EROFS_SUPER_MAGIC_V1` of the kernel's `magic.h`.
const MAGIC: FsWord = 0xE0F5_E1E2;
/// Where its superblock begins.
pub(super) const SUPERBLOCK: u64 = 1024;
/// As often as one image may have been mounted on one folder.
const MOUNTS: usize = 64;

/// Whether this process may mount such images here, and if not, why.
pub(super) fn possible() -> io::Result<()> {
    // Needs both the rights and the file system, whose module is loaded for it.
    fsopen(EROFS, FsOpenFlags::FSOPEN_CLOEXEC)?;
    Ok(())
}

/// An image that the kernel has read, and that is mounted nowhere yet.
#[derive(Debug)]
pub(super) enum Image {
    /// To be moved to its place.
    Mount(OwnedFd),
    /// To be mounted through a loop device.
    Loop,
}

/// How many files, folders and links an image says that it has: `inos` of its superblock (`erofs_fs.h`).
pub(super) fn entries(image: &Path) -> io::Result<u64> {
    let mut field = [0; 8];
    File::open(image)?.read_exact_at(&mut field, SUPERBLOCK + 16)?;
    Ok(u64::from_le_bytes(field))
}

/// Has the kernel read an image.
pub(super) fn read(image: &Path) -> io::Result<Image> {
    let system = fsopen(EROFS, FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&system, "source", image)?;
    fsconfig_set_flag(&system, "ro")?;
    match fsconfig_create(&system) {
        Ok(()) => {}
        Err(Errno::NOTBLK) => return Ok(Image::Loop),
        Err(error) => return Err(error.into()),
    }
    let attributes = MountAttrFlags::MOUNT_ATTR_RDONLY
        | MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV;
    let mount = fsmount(&system, FsMountFlags::FSMOUNT_CLOEXEC, attributes)?;
    Ok(Image::Mount(mount))
}

impl Image {
    /// Mounts it on a folder.
    pub(super) fn mount(self, image: &Path, place: &Path) -> io::Result<()> {
        match self {
            Self::Mount(mount) => {
                let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
                Ok(move_mount(&mount, c"", CWD, place, flags)?)
            }
            Self::Loop => by_loop(image, place),
        }
    }
}

/// mount(8) knows how to get a loop device that goes away with the mount.
fn by_loop(image: &Path, place: &Path) -> io::Result<()> {
    let output = Command::new("mount")
        .args(["-t", "erofs", "-o", "loop,ro,nosuid,nodev"])
        .arg(image)
        .arg(place)
        .stdin(Stdio::null())
        .env("LC_ALL", "C")
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    // Its words for `EINVAL` and `EOPNOTSUPP`, the kernel's for an image that it does not understand.
    let kind = if said.contains("wrong fs type") {
        io::ErrorKind::InvalidInput
    } else if said.contains("not supported") {
        io::ErrorKind::Unsupported
    } else {
        io::ErrorKind::Other
    };
    let why = said.lines().next().unwrap_or_default().escape_debug();
    let status = output.status;
    Err(io::Error::new(
        kind,
        format!("mount(8) failed ({status}): {why}"),
    ))
}

/// Whether an image is mounted on a folder.
pub(super) fn is_mounted(place: &Path) -> bool {
    rustix::fs::statfs(place).is_ok_and(|stat| stat.f_type == MAGIC)
}

/// Takes a mount away, if there is one. Whoever uses it keeps it until they are done.
pub(super) fn take_away(place: &Path) {
    // Two processes may have mounted it at the same time; without the rights there is no mount of ours.
    for _ in 0..MOUNTS {
        let gone = !is_mounted(place)
            || unmount(place, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW).is_err();
        if gone {
            break;
        }
    }
}
