//! Reading of trees: bounded, and following no link.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The longest text that is read; what is behind is left out.
const LONGEST: u64 = 1 << 20;

/// Calls `each` with the path and size of every regular file below `root`, sorted by folder.
pub(super) fn files(
    root: &Path,
    each: &mut dyn FnMut(&Path, u64) -> io::Result<()>,
) -> io::Result<()> {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let mut entries = std::fs::read_dir(root.join(&folder))?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let kind = entry.file_type()?;
            let path = folder.join(entry.file_name());
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                each(&path, entry.metadata()?.len())?;
            }
        }
    }
    Ok(())
}

/// The text of a file, with whatever is no UTF-8 replaced.
pub(super) fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
