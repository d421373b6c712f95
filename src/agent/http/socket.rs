//! Unix sockets to listen on: for owner and group alone, in the place of what a killed agent left.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::agent::Error;

/// Who may speak to an agent: its owner, and the group that the administrator gave the folder or the process.
const MODE: u32 = 0o660;

/// A socket that is listened on, and goes away when it is dropped.
#[derive(Debug)]
pub(in crate::agent) struct Listening {
    path: PathBuf,
    pub(in crate::agent) listener: UnixListener,
}

impl Listening {
    /// Listens at `path`, whose folder is made if it is missing.
    pub(in crate::agent) fn at(path: &Path) -> Result<Self, Error> {
        match fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(Error::NoSocket(path.to_owned()));
            }
            // Nobody answers on a socket whose process is gone.
            Ok(_) if UnixStream::connect(path).is_ok() => {
                return Err(Error::Listening(path.to_owned()));
            }
            _ => {}
        }
        let listener = listen(path).map_err(|source| Error::io("listen at", path, source))?;
        Ok(Self {
            path: path.to_owned(),
            listener,
        })
    }
}

/// Under another name first, so that nobody finds it before it has its mode, and the old one is replaced in one step.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Addresses of sockets are short, so the name is, too.
    let beside = folder.join(format!(".k{}", std::process::id()));
    let _ = fs::remove_file(&beside);
    let listener = UnixListener::bind(&beside)?;
    let placed = fs::set_permissions(&beside, Permissions::from_mode(MODE))
        .and_then(|()| listener.set_nonblocking(true))
        .and_then(|()| fs::rename(&beside, path));
    if placed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    placed.map(|()| listener)
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_or_a_file_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/agent.sock");
        let first = Listening::at(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, MODE);
        assert!(matches!(Listening::at(&path), Err(Error::Listening(_))));
        drop(first);
        assert!(!path.exists());
        // What a killed process leaves.
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        Listening::at(&path).unwrap();
        fs::write(&path, b"").unwrap();
        assert!(matches!(Listening::at(&path), Err(Error::NoSocket(_))));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
