//! An OCI image layout in a folder, to write to.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::document::{Descriptor, Index};
use super::layout::{REF_NAME, blob_name};
use super::transfer::{BlobSink, Failure, Open};
use super::verifier::Verifier;
use super::{Error, media};
use crate::fsutil;

/// What the layout's marker file says, to the byte.
const MARKER: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// A layout that is being written. Entries under other tags stay.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    tag: String,
}

impl Folder {
    /// Opens or makes a layout.
    pub fn open(dir: &Path, tag: &str) -> Result<Self, Error> {
        let blobs = dir.join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(|source| Error::io("create", &blobs, source))?;
        let marker = dir.join("oci-layout");
        fsutil::replace(&marker, MARKER).map_err(|source| Error::io("write", &marker, source))?;
        Ok(Self {
            dir: dir.to_owned(),
            tag: tag.to_owned(),
        })
    }

    /// Puts an entry into the layout's index, in the place of those that it replaces.
    fn enter(
        &self,
        entry: Descriptor,
        replaces: impl Fn(&Descriptor) -> bool,
    ) -> Result<(), Error> {
        let mut index = self.index()?;
        index.manifests.retain(|other| !replaces(other));
        index.manifests.push(entry);
        let path = self.dir.join("index.json");
        fsutil::replace(&path, &index.to_bytes()?)
            .map_err(|source| Error::io("write", &path, source))
    }

    fn index(&self) -> Result<Index, Error> {
        let path = self.dir.join("index.json");
        match fs::read(&path) {
            Ok(content) => Index::parse(&content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Index {
                schema_version: 2,
                media_type: Some(media::INDEX.to_owned()),
                artifact_type: None,
                manifests: Vec::new(),
                subject: None,
                annotations: std::collections::BTreeMap::new(),
            }),
            Err(error) => Err(Error::io("read", path, error)),
        }
    }
}

impl BlobSink for Folder {
    fn has(&self, descriptor: &Descriptor) -> Result<bool, Failure> {
        let Ok(file) = fs::File::open(self.dir.join(blob_name(&descriptor.digest))) else {
            return Ok(false);
        };
        // A damaged blob is written again.
        Ok(io::copy(&mut Verifier::new(file, descriptor), &mut io::sink()).is_ok())
    }

    fn blob(&self, descriptor: &Descriptor, open: &Open<'_>) -> Result<(), Failure> {
        let path = self.dir.join(blob_name(&descriptor.digest));
        let fail = |source| Failure::from(Error::io("write", &path, source));
        let mut file = tempfile::NamedTempFile::new_in(self.dir.join("blobs")).map_err(fail)?;
        let mut reader = open().map_err(Failure::of_read)?;
        let mut buffer = vec![0; 256 << 10];
        loop {
            // What cannot be read is not what cannot be written.
            let count = reader.read(&mut buffer).map_err(Failure::of_read)?;
            if count == 0 {
                break;
            }
            file.write_all(&buffer[..count]).map_err(fail)?;
        }
        file.as_file().sync_data().map_err(fail)?;
        fsutil::publish(file, &path).map_err(fail)
    }

    fn manifest(&self, descriptor: &Descriptor, content: &[u8]) -> Result<(), Failure> {
        self.blob(descriptor, &|| {
            Ok(Box::new(io::Cursor::new(content.to_vec())))
        })
    }

    fn tag(&self, descriptor: &Descriptor, content: &[u8]) -> Result<(), Failure> {
        self.tag_as(&self.tag, descriptor, content)
    }

    fn tag_as(&self, tag: &str, descriptor: &Descriptor, content: &[u8]) -> Result<(), Failure> {
        if !self.has(descriptor)? {
            self.manifest(descriptor, content)?;
        }
        let mut entry = descriptor.clone();
        entry
            .annotations
            .insert(REF_NAME.to_owned(), tag.to_owned());
        let named =
            |other: &Descriptor| other.annotations.get(REF_NAME).is_some_and(|it| it == tag);
        Ok(self.enter(entry, named)?)
    }

    /// An entry without a name, which is how layouts hold what refers to something.
    fn attach(
        &self,
        _subject: &Descriptor,
        descriptor: &Descriptor,
        content: &[u8],
    ) -> Result<(), Failure> {
        self.manifest(descriptor, content)?;
        let mut entry = descriptor.clone();
        entry.annotations.remove(REF_NAME);
        let digest = entry.digest;
        let same = |other: &Descriptor| {
            other.digest == digest && !other.annotations.contains_key(REF_NAME)
        };
        Ok(self.enter(entry, same)?)
    }
}
