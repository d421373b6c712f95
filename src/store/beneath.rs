//! Opens what lies beneath a folder, and nothing else: the kernel follows no link and leaves no folder on the way
//! (openat2(2), Linux 5.6).

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// Tried again so often when the kernel could not rule out a race with a rename elsewhere.
const RACES: usize = 128;

/// Opens the folder that everything is beneath.
pub(super) fn root(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

/// Opens a folder; an empty path is the root itself.
pub(super) fn folder(root: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    open(root, path, OFlags::DIRECTORY)
}

/// Opens a regular file, or whatever lies there, to be read.
pub(super) fn file(root: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    open(root, path, OFlags::RDONLY | OFlags::NONBLOCK)
}

fn open(root: &OwnedFd, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    for _ in 0..RACES {
        match rustix::fs::openat2(root, path, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN) => {}
            result => return Ok(result?),
        }
    }
    Err(Errno::AGAIN.into())
}
