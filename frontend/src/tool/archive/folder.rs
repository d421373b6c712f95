//! Copies a tree that was handed in unpacked.

use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{EntryPath, Refusal, Strip, Unpacker};

pub(super) fn unpack(root: &Path, unpacker: &mut Unpacker<'_>) -> Result<(), Refusal> {
    // Whether somebody unpacked the archive with or without its leading folder is their choice.
    let start = match &unpacker.options.strip {
        Strip::Folder(folder) if !root.join(folder.as_str()).is_dir() => folder.clone(),
        _ => EntryPath::default(),
    };
    copy(root, &start, unpacker)
}

/// Copies the folder `from`, whose entries are called `path/NAME` for the unpacker.
fn copy(from: &Path, path: &EntryPath, unpacker: &mut Unpacker<'_>) -> Result<(), Refusal> {
    let mut entries = std::fs::read_dir(from)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        unpacker.at(format!("{path}/{}", name.display()).as_bytes());
        let path = path.join(&EntryPath::parse(name.as_bytes())?);
        let kind = entry.file_type()?;
        if kind.is_dir() {
            unpacker.folder(&path)?;
            copy(&entry.path(), &path, unpacker)?;
        } else if kind.is_symlink() {
            let target = std::fs::read_link(entry.path())?;
            unpacker.link(&path, target.as_os_str().as_bytes())?;
        } else if kind.is_file() {
            let executable = entry.metadata()?.permissions().mode() & 0o111 != 0;
            unpacker.file(&path, executable, &mut File::open(entry.path())?)?;
        } else {
            return Err(Refusal::Special("device, FIFO or socket"));
        }
    }
    Ok(())
}
