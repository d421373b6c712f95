//! Opens what lies beneath a folder, and nothing else: no link is followed, and no folder is left on the way.
//!
//! The kernel does all of it (openat2(2), Linux 5.6). Where it cannot, or is not let, paths are walked name by name with
//! `O_NOFOLLOW`, which is as safe for paths without `..`, and slower.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// Tried again so often when the kernel could not rule out a race with a rename elsewhere.
const RACES: usize = 128;
/// Whether the kernel has been seen to refuse.
static OLD_KERNEL: AtomicBool = AtomicBool::new(false);

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
    if !OLD_KERNEL.load(Ordering::Relaxed) {
        match resolve(root, path, flags) {
            // Filters of system calls answer with the second one.
            Err(Errno::NOSYS | Errno::PERM) => OLD_KERNEL.store(true, Ordering::Relaxed),
            result => return Ok(result?),
        }
    }
    walk(root, path, flags)
}

fn resolve(root: &OwnedFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
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
            result => return result,
        }
    }
    Err(Errno::AGAIN)
}

/// The same by names. A name that is a link is refused as the kernel refuses it.
fn walk(root: &OwnedFd, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let step = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = rustix::fs::openat(root, ".", step, Mode::empty())?;
    let mut names = path.components().peekable();
    while let Some(name) = names.next() {
        let Component::Normal(name) = name else {
            return Err(Errno::XDEV.into());
        };
        let flags = match names.peek() {
            Some(_) => step,
            None => flags | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        };
        at = rustix::fs::openat(&at, name.as_bytes(), flags, Mode::empty())?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn both_ways_open_what_is_beneath_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("inside");
        fs::create_dir_all(inside.join("a/b")).unwrap();
        fs::write(inside.join("a/b/file"), "here").unwrap();
        fs::write(dir.path().join("secret"), "there").unwrap();
        symlink("..", inside.join("up")).unwrap();
        symlink("a", inside.join("same")).unwrap();
        symlink("a/b/file", inside.join("link")).unwrap();
        let root = root(&inside).unwrap();
        for way in [
            (|root, path, flags| resolve(root, path, flags).map_err(io::Error::from)) as Way,
            walk,
        ] {
            let read = |path: &str| {
                let mut text = String::new();
                let file = way(&root, Path::new(path), OFlags::RDONLY)?;
                fs::File::from(file).read_to_string(&mut text)?;
                io::Result::Ok(text)
            };
            assert_eq!(read("a/b/file").unwrap(), "here");
            assert!(way(&root, Path::new(""), OFlags::DIRECTORY).is_ok());
            for path in [
                "up/secret",
                "same/b/file",
                "link",
                "../secret",
                "a/../../secret",
                "/etc/passwd",
            ] {
                assert!(read(path).is_err(), "{path}");
            }
        }
    }

    type Way = fn(&OwnedFd, &Path, OFlags) -> io::Result<OwnedFd>;
}
