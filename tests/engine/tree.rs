//! Files of a tree on disk.

use std::fs;
use std::path::{Path, PathBuf};

/// Regular files and links below `root`, sorted.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Their names, relative to `root`.
pub(crate) fn names(root: &Path, files: &[PathBuf]) -> Vec<PathBuf> {
    files
        .iter()
        .map(|file| file.strip_prefix(root).unwrap().to_owned())
        .collect()
}

/// Whether two files have the same bytes, or two links lead to the same place.
pub(crate) fn same(one: &Path, other: &Path) -> bool {
    if one.is_symlink() || other.is_symlink() {
        return fs::read_link(one).ok() == fs::read_link(other).ok();
    }
    fs::read(one).unwrap() == fs::read(other).unwrap()
}
