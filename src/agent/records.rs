//! What the agent itself remembers: documents in a folder of its own inside the store, `agent/KIND/HEX.json`, each
//! called by the digest of what it is about.

use std::fs;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;
use crate::digest::Digest;
use crate::fsutil;

/// Longer than any record is.
const LARGEST: u64 = 1 << 20;

/// The documents of one kind.
#[derive(Debug)]
pub(super) struct Records<T> {
    folder: PathBuf,
    kind: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Records<T> {
    /// Opens a folder of records, which is made if it is missing.
    pub(super) fn open(agent: &Path, kind: &str) -> Result<Self, Error> {
        let folder = agent.join(kind);
        fsutil::private_dir(&folder).map_err(|source| Error::io("create", &folder, source))?;
        Ok(Self {
            folder,
            kind: PhantomData,
        })
    }

    /// What there is about something. A record that cannot be understood says nothing.
    pub(super) fn get(&self, about: &str) -> Result<Option<T>, Error> {
        read(&self.path(about))
    }

    /// All of them, in an order that stays.
    pub(super) fn all(&self) -> Result<Vec<T>, Error> {
        let fail = |source| Error::io("read", &self.folder, source);
        let mut paths: Vec<PathBuf> = fs::read_dir(&self.folder)
            .and_then(|entries| {
                entries
                    .map(|entry| entry.map(|entry| entry.path()))
                    .collect()
            })
            .map_err(fail)?;
        paths.sort();
        let mut found = Vec::new();
        for path in paths {
            // What a killed agent was writing has no such name.
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                found.extend(read(&path)?);
            }
        }
        Ok(found)
    }

    /// Remembers something, in one step.
    pub(super) fn put(&self, about: &str, record: &T) -> Result<(), Error> {
        let path = self.path(about);
        serde_json::to_vec(record)
            .map_err(io::Error::other)
            .and_then(|content| fsutil::replace(&path, &content))
            .map_err(|source| Error::io("write", &path, source))
    }

    /// Forgets something. Whether there was something.
    pub(super) fn remove(&self, about: &str) -> Result<bool, Error> {
        let path = self.path(about);
        fsutil::remove_file(&path).map_err(|source| Error::io("remove", &path, source))
    }

    fn path(&self, about: &str) -> PathBuf {
        self.folder
            .join(Digest::of(about.as_bytes()).hex() + ".json")
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    match fs::metadata(path) {
        Ok(meta) if meta.len() > LARGEST => return Ok(None),
        _ => {}
    }
    match fs::read(path) {
        Ok(content) => Ok(serde_json::from_slice(&content).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_and_broken_ones_say_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::<String>::open(dir.path(), "kind").unwrap();
        records.put("../a", &"one".to_owned()).unwrap();
        records.put("b", &"two".to_owned()).unwrap();
        assert_eq!(records.get("../a").unwrap().unwrap(), "one");
        fs::write(records.path("b"), b"{").unwrap();
        fs::write(dir.path().join("kind/.half"), b"\"x\"").unwrap();
        assert_eq!(records.get("b").unwrap(), None);
        assert_eq!(records.all().unwrap(), ["one"]);
        assert!(records.remove("b").unwrap() && !records.remove("b").unwrap());
    }
}
