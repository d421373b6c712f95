//! Uploads that were begun and not finished, noted for the next run of the program.
//!
//! One file for each blob and repository, with the address where the registry waits for more. How much of the blob is there, only
//! the registry knows, and is asked. A note that leads nowhere costs one request, and is removed.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Url;

use crate::digest::Digest;
use crate::fsutil;

/// No address is longer, even with the state that some registries keep in it.
const MAX_NOTE: u64 = 64 << 10;

/// Where one upload is noted.
#[derive(Clone, Debug)]
pub(super) struct Note(PathBuf);

impl Note {
    /// The note about a blob on its way to a place.
    pub(super) fn of(folder: &Path, place: &str, blob: &Digest) -> Self {
        let name = Digest::of(format!("{place}@{blob}").as_bytes()).hex();
        Self(folder.join(format!("upload-{name}")))
    }

    /// The address that was noted, if there is one.
    pub(super) fn read(&self) -> Option<Url> {
        let size = fs::metadata(&self.0).ok()?.len();
        let text = (size <= MAX_NOTE).then(|| fs::read_to_string(&self.0))?;
        Url::parse(text.ok()?.trim()).ok()
    }

    /// Notes an address. It is only worth some time, so a disk that is full is no error.
    pub(super) fn write(&self, location: &Url) {
        let _ = fsutil::replace(&self.0, location.as_str().as_bytes());
    }

    /// Forgets it.
    pub(super) fn remove(&self) {
        let _ = fsutil::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_there_until_it_is_removed_and_about_one_place() {
        let dir = tempfile::tempdir().unwrap();
        let blob = Digest::of(b"blob");
        let note = Note::of(dir.path(), "a.example/x", &blob);
        let location = Url::parse("https://a.example/v2/x/blobs/uploads/1?state=y").unwrap();
        assert_eq!(note.read(), None);
        note.write(&location);
        assert_eq!(note.read(), Some(location));
        assert_eq!(Note::of(dir.path(), "b.example/x", &blob).read(), None);
        note.remove();
        assert_eq!(note.read(), None);
    }
}
