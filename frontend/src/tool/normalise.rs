//! Stamps a finished tree, so that the same files give the same layer wherever and whenever they
//! were written: one mtime, one owner, two modes.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid};
use rustix::io::Errno;

/// Stamping failed.
#[derive(Debug, thiserror::Error)]
#[error("Cannot normalise `{}`: {source}", path.display())]
pub struct Error {
    /// What could not be stamped.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

/// Gives every entry of `root`, and `root` itself, the mtime `epoch` (seconds since 1970), the owner
/// 0:0 when we may, and the mode 0755 (folders, and files with any execute bit) or 0644.
///
/// Folders are stamped after what they hold, because writing into them changes their mtime.
pub fn stamp(root: &Path, epoch: u64) -> Result<(), Error> {
    let time = Timespec {
        tv_sec: i64::try_from(epoch).unwrap_or(i64::MAX),
        tv_nsec: 0,
    };
    let stamp = Stamp {
        times: Timestamps {
            last_access: time,
            last_modification: time,
        },
        owns: rustix::process::geteuid().is_root(),
    };
    let failed = |path: &Path, errno: Errno| Error {
        path: path.to_owned(),
        source: errno.into(),
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder =
        rustix::fs::openat(CWD, root, flags, Mode::empty()).map_err(|errno| failed(root, errno))?;
    stamp
        .folder(folder.as_fd())
        .map_err(|(below, errno)| failed(&root.join(below), errno))
}

struct Stamp {
    times: Timestamps,
    owns: bool,
}

type Failure = (PathBuf, Errno);

impl Stamp {
    /// Stamps what `folder` holds, then the folder.
    fn folder(&self, folder: BorrowedFd<'_>) -> Result<(), Failure> {
        let here = |errno| (PathBuf::new(), errno);
        let mut entries = Dir::read_from(folder).map_err(here)?;
        while let Some(entry) = entries.read() {
            let entry = entry.map_err(here)?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            self.entry(folder, name).map_err(|(below, errno)| {
                let name = Path::new(std::str::from_utf8(name.to_bytes()).unwrap_or("?"));
                let path = if below.as_os_str().is_empty() {
                    name.to_owned()
                } else {
                    name.join(below)
                };
                (path, errno)
            })?;
        }
        self.own(folder, c"", AtFlags::EMPTY_PATH).map_err(here)?;
        rustix::fs::fchmod(folder, Mode::from_raw_mode(0o755)).map_err(here)?;
        rustix::fs::futimens(folder, &self.times).map_err(here)
    }

    fn entry(&self, folder: BorrowedFd<'_>, name: &CStr) -> Result<(), Failure> {
        let here = |errno| (PathBuf::new(), errno);
        let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(here)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let below = rustix::fs::openat(folder, name, flags, Mode::empty()).map_err(here)?;
                return self.folder(below.as_fd());
            }
            FileType::RegularFile => {
                let wanted = if stat.st_mode & 0o111 == 0 {
                    0o644
                } else {
                    0o755
                };
                if stat.st_mode & 0o7777 != wanted {
                    let mode = Mode::from_raw_mode(wanted);
                    // The entry was just seen to be a file, and nobody else writes here.
                    rustix::fs::chmodat(folder, name, mode, AtFlags::empty()).map_err(here)?;
                }
            }
            _ => {}
        }
        if stat.st_uid != 0 || stat.st_gid != 0 {
            self.own(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_err(here)?;
        }
        rustix::fs::utimensat(folder, name, &self.times, AtFlags::SYMLINK_NOFOLLOW).map_err(here)
    }

    fn own(&self, folder: BorrowedFd<'_>, name: &CStr, flags: AtFlags) -> Result<(), Errno> {
        if !self.owns {
            return Ok(());
        }
        rustix::fs::chownat(folder, name, Some(Uid::ROOT), Some(Gid::ROOT), flags)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn every_entry_and_the_root_get_one_mtime_and_two_modes() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/b/plain"), "x").unwrap();
        std::fs::write(root.join("a/run"), "x").unwrap();
        std::fs::set_permissions(root.join("a/run"), PermissionsExt::from_mode(0o4710)).unwrap();
        std::fs::set_permissions(root.join("a/b"), PermissionsExt::from_mode(0o1777)).unwrap();
        symlink("nowhere", root.join("a/link")).unwrap();
        stamp(root, 1_704_067_200).unwrap();
        for (path, mode) in [
            ("", 0o755),
            ("a", 0o755),
            ("a/b", 0o755),
            ("a/b/plain", 0o644),
            ("a/run", 0o755),
            ("a/link", 0o777),
        ] {
            let meta = root.join(path).symlink_metadata().unwrap();
            assert_eq!(meta.mtime(), 1_704_067_200, "{path}");
            assert_eq!(meta.mtime_nsec(), 0, "{path}");
            assert_eq!(meta.mode() & 0o7777, mode, "{path}");
        }
    }
}
