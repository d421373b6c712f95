//! What a store has.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::roots::Reason;
use super::{Error, Ready, Store};
use crate::digest::Digest;

/// A whole volume, and why it is there.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// The folder to mount.
    pub path: PathBuf,
    /// What is known about it.
    #[serde(flatten)]
    pub ready: Ready,
    /// Who wants it; nobody, if it may be collected.
    pub kept: Vec<Reason>,
}

impl Store {
    /// All whole volumes, sorted by digest.
    pub fn volumes(&self) -> Result<Vec<Held>, Error> {
        let mut roots = self.roots(&self.names()?, usize::MAX)?;
        let mut held = Vec::new();
        for manifest in self.digests("volumes")? {
            // Collected meanwhile, or never whole.
            let Some(volume) = self.find(&manifest)? else {
                continue;
            };
            held.push(Held {
                path: volume.path,
                ready: volume.ready,
                kept: roots.remove(&manifest).unwrap_or_default(),
            });
        }
        Ok(held)
    }

    /// The files or folders in one of the store's folders, sorted.
    pub(super) fn files(&self, folder: &str) -> Result<Vec<PathBuf>, Error> {
        let mut files = self.entries(folder)?;
        files.retain(|path| !is_half_written(path));
        Ok(files)
    }

    /// What is being written in one of the store's folders and has no name yet, or never got one.
    pub(super) fn half_written(&self, folder: &str) -> Result<Vec<PathBuf>, Error> {
        let mut files = self.entries(folder)?;
        files.retain(|path| is_half_written(path));
        Ok(files)
    }

    fn entries(&self, folder: &str) -> Result<Vec<PathBuf>, Error> {
        let path = self.root.join(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            // A store that an older krunner made lacks what came later.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read", path, error)),
        };
        let mut files = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()
            .map_err(|source| Error::io("read", &path, source))?;
        files.sort();
        Ok(files)
    }

    /// The digests after which files or folders are called in one of the store's folders.
    pub(super) fn digests(&self, folder: &str) -> Result<Vec<Digest>, Error> {
        let names = self.files(folder)?.into_iter();
        let digests = names.filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            Digest::parse_hex(name).ok()
        });
        Ok(digests.collect())
    }
}

/// Temporary files lie beside what they are to replace, and begin with a dot.
fn is_half_written(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}
