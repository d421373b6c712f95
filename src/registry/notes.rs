//! What one run of the program notes for the next: uploads that were not finished, and where a registry has a blob already.
//!
//! For an upload there is one file for each blob and repository, with the address where the registry waits for more. How much of the blob
//! is there, only the registry knows, and is asked. For a blob there is one for each registry, with the repository that it was sent to
//! last, to be mounted from there. A note that leads nowhere costs one request.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Url;

use crate::digest::Digest;
use crate::fsutil;
use crate::reference::Repository;

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

/// Where it is noted which repository of a registry has a blob.
#[derive(Clone, Debug)]
pub(super) struct Home(PathBuf);

impl Home {
    /// The note about a blob and a registry.
    pub(super) fn of(folder: &Path, registry: &str, blob: &Digest) -> Self {
        let name = Digest::of(format!("{registry}@{blob}").as_bytes()).hex();
        Self(folder.join(format!("home-{name}")))
    }

    /// The repository that was noted, if it is one of that registry.
    pub(super) fn read(&self, registry: &str) -> Option<String> {
        let size = fs::metadata(&self.0).ok()?.len();
        let text = (size <= MAX_NOTE)
            .then(|| fs::read_to_string(&self.0))?
            .ok()?;
        let place: Repository = format!("{registry}/{text}").parse().ok()?;
        (place.registry == registry && place.name == text).then_some(text)
    }

    /// Notes a repository. Half a note is none, so it need not reach the disk.
    pub(super) fn write(&self, repository: &str) {
        let _ = fs::write(&self.0, repository);
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

    #[test]
    fn a_home_is_a_repository_of_its_registry_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::of(dir.path(), "a.example", &Digest::of(b"blob"));
        assert_eq!(home.read("a.example"), None);
        home.write("team/krunner");
        assert_eq!(home.read("a.example").as_deref(), Some("team/krunner"));
        for broken in ["", "../x", "x:1", "A", "x?from=y", "x\n"] {
            home.write(broken);
            assert_eq!(home.read("a.example"), None, "{broken:?}");
        }
    }
}
