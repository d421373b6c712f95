//! The store's own documents: JSON in a file each, which is the old one or the new one and never half.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Store};
use crate::fsutil;

/// What a file says; nothing, if it is not there.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    match fs::read(path) {
        Ok(content) => serde_json::from_slice(&content)
            .map(Some)
            .map_err(|source| Error::Damaged {
                path: path.to_owned(),
                source,
            }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path, error)),
    }
}

/// Lets a file say something else.
pub(super) fn write(path: &Path, document: &impl Serialize) -> Result<(), Error> {
    let content = serde_json::to_vec(document).map_err(Error::Json)?;
    fsutil::replace(path, &content).map_err(|source| Error::io("write", path, source))
}

impl Store {
    /// What all files of a folder say; one that goes meanwhile says nothing.
    pub(super) fn documents<T: DeserializeOwned>(&self, folder: &str) -> Result<Vec<T>, Error> {
        let mut documents = Vec::new();
        for path in self.files(folder)? {
            documents.extend(read(&path)?);
        }
        Ok(documents)
    }
}
