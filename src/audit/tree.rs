//! A volume as it lies on disk, in one or several folders, read once.
//!
//! Nothing is followed while it is read. Links are followed later, inside the tree, as a container would that has the
//! volume mounted at its prefix.

mod content;
mod lookup;
mod name;

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

pub(super) use content::Content;
pub(super) use lookup::Found;

use super::Error;

/// More than any volume has.
const ENTRIES: usize = 1_000_000;

/// A volume, read.
#[derive(Clone, Debug)]
pub struct Tree {
    entries: BTreeMap<String, Entry>,
}

/// One thing in a volume.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Where it really lies.
    pub(super) path: PathBuf,
    /// Permissions, with set-id bits.
    pub(super) mode: u32,
    /// Modification time in seconds since 1970.
    pub(super) modified: i64,
    /// Bytes, for a file.
    pub(super) size: u64,
    /// What it is.
    pub(super) kind: Kind,
}

/// What something in a volume is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Folder,
    /// With where it leads.
    Link(String),
    File(Content),
    /// A device, a pipe or a socket, in words.
    Special(&'static str),
    /// With the reason.
    Unreadable(String),
}

impl Tree {
    /// Reads what lies in `roots`. A file of a later root takes the place of the one that an earlier root has in the
    /// same place.
    pub fn read(roots: &[&Path]) -> Result<Self, Error> {
        let mut tree = Self {
            entries: BTreeMap::new(),
        };
        for root in roots {
            tree.walk(root)?;
        }
        Ok(tree)
    }

    /// How many files, folders and links there are.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Everything, by its name relative to the volume.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let entries = self.entries.iter();
        entries.map(|(name, entry)| (name.as_str(), entry))
    }

    /// The files, and what is in them.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Entry, &Content)> {
        self.entries()
            .filter_map(|(name, entry)| match &entry.kind {
                Kind::File(content) => Some((name, entry, content)),
                _ => None,
            })
    }

    /// What is beneath a folder, by name.
    pub(super) fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &Entry)> {
        let start = format!("{folder}/");
        let entries = self.entries.range(start.clone()..);
        entries
            .map(|(name, entry)| (name.as_str(), entry))
            .take_while(move |(name, _)| name.starts_with(&start))
    }

    /// What is in a place, without following a link that is there.
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    fn walk(&mut self, root: &Path) -> Result<(), Error> {
        let failed = |source| Error::Read {
            path: root.to_owned(),
            source,
        };
        // An empty name stands for the root itself.
        let mut folders = vec![(root.to_owned(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            let children = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
            let children = match children {
                Ok(children) => children,
                Err(error) if prefix.is_empty() => return Err(failed(error)),
                Err(error) => {
                    if let Some(entry) = self.entries.get_mut(&prefix) {
                        entry.kind = Kind::Unreadable(error.to_string());
                    }
                    continue;
                }
            };
            for child in children {
                let name = name::join(&prefix, &name::shown(child.file_name().as_encoded_bytes()));
                let path = child.path();
                let entry = Entry::read(path.clone());
                if matches!(entry.kind, Kind::Folder) {
                    folders.push((path, name.clone()));
                }
                self.entries.insert(name, entry);
                if self.entries.len() > ENTRIES {
                    return Err(Error::TooMany {
                        path: root.to_owned(),
                        limit: ENTRIES,
                    });
                }
            }
        }
        Ok(())
    }
}

impl Entry {
    fn read(path: PathBuf) -> Self {
        match fs::symlink_metadata(&path) {
            Ok(meta) => Self {
                kind: kind(&path, &meta)
                    .unwrap_or_else(|error| Kind::Unreadable(error.to_string())),
                mode: meta.mode() & 0o7777,
                modified: meta.mtime(),
                size: meta.len(),
                path,
            },
            Err(error) => Self {
                kind: Kind::Unreadable(error.to_string()),
                mode: 0,
                modified: 0,
                size: 0,
                path,
            },
        }
    }
}

fn kind(path: &Path, meta: &Metadata) -> io::Result<Kind> {
    let kind = meta.file_type();
    Ok(if kind.is_dir() {
        Kind::Folder
    } else if kind.is_symlink() {
        let target = fs::read_link(path)?;
        Kind::Link(name::shown(target.as_os_str().as_encoded_bytes()))
    } else if kind.is_file() {
        Kind::File(Content::read(path)?)
    } else if kind.is_fifo() {
        Kind::Special("a pipe")
    } else if kind.is_socket() {
        Kind::Special("a socket")
    } else {
        Kind::Special("a device")
    })
}
