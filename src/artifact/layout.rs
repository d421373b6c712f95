//! OCI image layouts, in a folder or in a tar archive, to read from.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::document::{Descriptor, Index, MAX_DOCUMENT, Manifest};
use super::referrers::referrers_tag;
use super::transfer::{BlobSource, Document, Failure};
use super::verifier::read_capped;
use super::{Error, media};
use crate::digest::Digest;

/// The annotation that names an entry of a layout.
pub(super) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation with the full name, which containerd and BuildKit add.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// More entries than any export has.
const MAX_ENTRIES: usize = 100_000;

/// Files by their names, in a folder or in an archive.
pub(super) trait Files: Sync {
    /// Opens a file, if there is one.
    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + Send + '_>>, Error>;
    /// Where this is, for messages.
    fn place(&self) -> String;
}

/// An OCI image layout.
pub struct Layout {
    files: Box<dyn Files + Send>,
    tag: Option<String>,
}

impl std::fmt::Debug for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Layout({:?}, {:?})", self.files.place(), self.tag)
    }
}

impl Layout {
    /// A layout in a folder.
    pub fn folder(dir: &Path, tag: Option<&str>) -> Self {
        Self {
            files: Box::new(Folder(dir.to_owned())),
            tag: tag.map(str::to_owned),
        }
    }

    /// A layout in a tar archive.
    pub fn archive(file: &Path, tag: Option<&str>) -> Result<Self, Error> {
        Ok(Self {
            files: Box::new(Archive::open(file)?),
            tag: tag.map(str::to_owned),
        })
    }

    fn choose(&self, index: &Index) -> Result<Descriptor, Error> {
        // What refers to something is an entry without a name, and so is never meant where others have one.
        let entries: Vec<&Descriptor> = index.manifests.iter().collect();
        let tagged: Vec<&Descriptor> = entries
            .iter()
            .copied()
            .filter(|entry| !name_of(entry).is_empty() && !is_about_another(name_of(entry)))
            .collect();
        let entries = if tagged.is_empty() { entries } else { tagged };
        let names: Vec<&str> = entries.iter().map(|entry| name_of(entry)).collect();
        let found = match &self.tag {
            Some(tag) => names.iter().position(|name| name == tag),
            None if names.len() == 1 => Some(0),
            None => names
                .iter()
                .position(|name| *name == crate::reference::DEFAULT_TAG),
        };
        let offered = names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ");
        found
            .and_then(|at| entries.get(at).map(|entry| (*entry).clone()))
            .ok_or_else(|| Error::NoTag {
                tag: self
                    .tag
                    .clone()
                    .unwrap_or_else(|| crate::reference::DEFAULT_TAG.to_owned()),
                place: self.files.place(),
                offered: if offered.is_empty() {
                    "nothing".to_owned()
                } else {
                    offered
                },
            })
    }

    fn index(&self) -> Result<Index, Error> {
        let content = read_capped(self.need("index.json")?, MAX_DOCUMENT, "index.json")?;
        Index::parse(&content)
    }

    /// The document that an entry names.
    fn entry(&self, entry: &Descriptor) -> Result<Document, Error> {
        if !media::is_index(&entry.media_type) && !media::is_manifest(&entry.media_type) {
            return Err(Error::MediaType(entry.media_type.clone()));
        }
        let content = self.document(entry)?;
        entry.check(&content)?;
        let descriptor = Descriptor::of(&entry.media_type, &content);
        Ok(Document {
            descriptor,
            content,
        })
    }

    /// What an entry refers to.
    fn subject(&self, entry: &Descriptor) -> Result<Option<Digest>, Error> {
        if !media::is_manifest(&entry.media_type) {
            return Ok(None);
        }
        let content = self.document(entry)?;
        entry.check(&content)?;
        let subject = Manifest::parse(&content)?.subject;
        Ok(subject.map(|subject| subject.digest))
    }

    fn need(&self, name: &str) -> Result<Box<dyn Read + Send + '_>, Error> {
        self.files.open(name)?.ok_or_else(|| Error::Missing {
            entry: name.to_owned(),
            place: self.files.place(),
        })
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let name = blob_name(&descriptor.digest);
        read_capped(self.need(&name)?, MAX_DOCUMENT, &name)
    }
}

/// Whether a tag is one of those under which lists of referrers and signatures of a digest are kept.
fn is_about_another(tag: &str) -> bool {
    tag.strip_prefix("sha256-")
        .and_then(|rest| rest.get(..64))
        .is_some_and(|hex| Digest::parse_hex(hex).is_ok())
}

/// The tag of an entry: its name, or what follows the last colon of a full name.
fn name_of(entry: &Descriptor) -> &str {
    let name = entry
        .annotations
        .get(REF_NAME)
        .or_else(|| entry.annotations.get(CONTAINERD_NAME))
        .map_or("", String::as_str);
    match name.rsplit_once(':') {
        Some((_, tag)) if !tag.contains('/') => tag,
        _ => name,
    }
}

impl BlobSource for Layout {
    fn root(&self) -> Result<Document, Failure> {
        Ok(self.entry(&self.choose(&self.index()?)?)?)
    }

    fn tagged(&self, tag: &str) -> Result<Option<Document>, Failure> {
        // A layout that is just being begun has no index yet.
        if self.files.open("index.json")?.is_none() {
            return Ok(None);
        }
        let index = self.index()?;
        let entry = index.manifests.iter().find(|entry| name_of(entry) == tag);
        Ok(entry.map(|entry| self.entry(entry)).transpose()?)
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, Failure> {
        let mut found = Vec::new();
        for entry in self.index()?.manifests {
            if name_of(&entry).is_empty() && self.subject(&entry)? == Some(*subject) {
                found.push(entry);
            }
        }
        // Other tools keep the list of a registry's fallback tag.
        if let Some(list) = self.tagged(&referrers_tag(subject))? {
            for entry in Index::parse(&list.content)?.manifests {
                if !found.iter().any(|known| known.digest == entry.digest) {
                    found.push(entry);
                }
            }
        }
        Ok(found)
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Failure> {
        Ok(self.document(descriptor)?)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>, Failure> {
        Ok(self.need(&blob_name(&descriptor.digest))?)
    }
}

/// Where a layout keeps a blob.
pub(super) fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Files in a folder.
struct Folder(PathBuf);

impl Files for Folder {
    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + Send + '_>>, Error> {
        let path = self.0.join(name);
        match File::open(&path) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", path, error)),
        }
    }

    fn place(&self) -> String {
        self.0.display().to_string()
    }
}

/// Files in a tar archive, found once and then read where they are.
pub(super) struct Archive {
    file: PathBuf,
    entries: BTreeMap<String, Place>,
}

enum Place {
    At(u64, u64),
    Link(String),
}

impl Archive {
    pub(super) fn open(file: &Path) -> Result<Self, Error> {
        let fail = |source| Error::io("read", file, source);
        let mut entries = BTreeMap::new();
        let mut archive = tar::Archive::new(File::open(file).map_err(fail)?);
        for entry in archive.entries_with_seek().map_err(fail)? {
            let entry = entry.map_err(fail)?;
            if entries.len() == MAX_ENTRIES {
                return Err(Error::TooMany("entries in an archive", MAX_ENTRIES));
            }
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let name = name.trim_start_matches("./").to_owned();
            let kind = entry.header().entry_type();
            if kind.is_file() {
                entries.insert(name, Place::At(entry.raw_file_position(), entry.size()));
            } else if kind.is_symlink() || kind.is_hard_link() {
                // Engines write a layer once and link to it where it appears again.
                let target = entry.link_name_bytes().unwrap_or_default();
                let target = String::from_utf8_lossy(&target).into_owned();
                let target = if kind.is_symlink() {
                    beside(&name, &target)
                } else {
                    target
                };
                entries.insert(name, Place::Link(target));
            }
        }
        Ok(Self {
            file: file.to_owned(),
            entries,
        })
    }

    /// The size of a file.
    pub(super) fn size(&self, name: &str) -> Option<u64> {
        self.find(name).map(|(_, size)| size)
    }

    fn find(&self, name: &str) -> Option<(u64, u64)> {
        match self.entries.get(name)? {
            Place::At(position, size) => Some((*position, *size)),
            Place::Link(target) => match self.entries.get(target)? {
                Place::At(position, size) => Some((*position, *size)),
                Place::Link(_) => None,
            },
        }
    }
}

impl Files for Archive {
    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + Send + '_>>, Error> {
        let Some((position, size)) = self.find(name) else {
            return Ok(None);
        };
        let fail = |source| Error::io("read", &self.file, source);
        let mut file = File::open(&self.file).map_err(fail)?;
        file.seek(SeekFrom::Start(position)).map_err(fail)?;
        Ok(Some(Box::new(file.take(size))))
    }

    fn place(&self) -> String {
        self.file.display().to_string()
    }
}

/// A symbolic link's target, by names alone.
fn beside(name: &str, target: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
