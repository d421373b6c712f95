//! Unpacks what the engine handed in: a file of any common archive format, or a folder.
//!
//! The format is told by the first bytes, never by the name. All names pass [`EntryPath`], all
//! writing passes [`Tree`], so that this module decides only what an entry *is*.

mod deb;
mod folder;
mod format;
mod frames;
mod open;
mod tarball;
mod zipped;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

use globset::GlobSet;

pub use self::format::Format;
pub use self::open::{Opened, open, single_file};
pub(crate) use self::zipped::{name as zip_name, open as open_zip, refusal as zip_refusal};
use super::path::EntryPath;
use super::refusal::Refusal;
use super::step::Bytes;
use super::tree::Tree;

/// An input that was refused: which one, where in it, and why.
#[derive(Debug)]
pub struct Error {
    /// [`Bytes::name`]: the input and where the spec asks for it.
    pub input: String,
    /// The entry, where it is about one.
    pub entry: Option<String>,
    /// Why.
    pub refusal: Refusal,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.input)?;
        if let Some(entry) = &self.entry {
            write!(f, "`{}`: ", entry.escape_debug())?;
        }
        write!(f, "{}", self.refusal)?;
        match self.refusal.hint() {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Which leading folder is taken off every path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strip {
    /// None.
    Nothing,
    /// This one; an entry outside of it is an error.
    Folder(EntryPath),
    /// The first component of every path, whatever it is called.
    First,
}

/// How to unpack.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is taken off.
    pub strip: Strip,
    /// What is left out, by the path that is left after stripping.
    pub drop: GlobSet,
    /// What stays although `drop` has it.
    pub keep: GlobSet,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strip: Strip::Nothing,
            drop: GlobSet::empty(),
            keep: GlobSet::empty(),
        }
    }
}

/// Unpacks `bytes` into `tree`, after checking its SHA-256 where one is given.
///
/// Symbolic links are only noted: call [`Tree::finish`] when everything is unpacked.
pub fn unpack(bytes: &Bytes, tree: &Tree, options: &Options) -> Result<(), Error> {
    let opened = open(bytes)?;
    let mut unpacker = Unpacker::new(tree, options, &bytes.name);
    let result = match &opened {
        Opened::Folder(path) => folder::unpack(path, &mut unpacker),
        Opened::File { path, format } => unpack_file(path, *format, &mut unpacker),
    };
    result
        .and_then(|()| unpacker.finish())
        .map_err(|refusal| Error {
            input: bytes.name.clone(),
            entry: unpacker.entry.take(),
            refusal,
        })
}

fn unpack_file(
    path: &std::path::Path,
    format: Format,
    unpacker: &mut Unpacker<'_>,
) -> Result<(), Refusal> {
    let file = std::fs::File::open(path)?;
    match format {
        Format::Zip => zipped::unpack(file, unpacker),
        Format::Ar => deb::unpack(file, unpacker),
        Format::Tar | Format::Gzip | Format::Xz | Format::Zstd => {
            tarball::unpack(&mut *format.decompress(file), unpacker)
        }
        Format::Elf => Err(Refusal::Format("a program or library, no archive")),
        Format::Unknown => Err(Refusal::Format("of no format that is known")),
    }
}

/// What the readers of all formats share: stripping, dropping, and the name of the entry at hand.
struct Unpacker<'a> {
    tree: &'a Tree,
    options: &'a Options,
    owner: Arc<str>,
    /// The entry at hand, for messages; none once all were read.
    entry: Option<String>,
    /// Folders that the archive lists. They are made at the end, so that those of which everything
    /// was dropped are not.
    folders: BTreeSet<EntryPath>,
    /// Folders that lost something by `drop`.
    emptied: BTreeSet<EntryPath>,
    /// Files of this archive by their full names, for hard links.
    files: BTreeMap<EntryPath, EntryPath>,
}

impl<'a> Unpacker<'a> {
    fn new(tree: &'a Tree, options: &'a Options, owner: &str) -> Self {
        Self {
            tree,
            options,
            owner: owner.into(),
            entry: None,
            folders: BTreeSet::new(),
            emptied: BTreeSet::new(),
            files: BTreeMap::new(),
        }
    }

    /// Notes which entry is at hand.
    fn at(&mut self, name: &[u8]) {
        self.entry = Some(String::from_utf8_lossy(name).into_owned());
    }

    /// Where the entry goes: none when it is dropped, or is what was stripped.
    fn place(&mut self, path: &EntryPath) -> Result<Option<EntryPath>, Refusal> {
        let stripped = match &self.options.strip {
            Strip::Nothing => Some(path.clone()),
            Strip::Folder(folder) => path.strip(folder),
            Strip::First => path.strip(&path.first()),
        };
        let Some(place) = stripped else {
            let Strip::Folder(folder) = &self.options.strip else {
                return Ok(None);
            };
            // A folder above the stripped one may be listed, and is nothing.
            if folder.strip(path).is_some() {
                return Ok(None);
            }
            return Err(Refusal::OutsideStrip(folder.to_string()));
        };
        let Options { drop, keep, .. } = self.options;
        if drop.is_match(place.as_str()) && !keep.is_match(place.as_str()) {
            let mut above = place.parent();
            while let Some(folder) = above.filter(|folder| !folder.is_root()) {
                above = folder.parent();
                self.emptied.insert(folder);
            }
            return Ok(None);
        }
        Ok(Some(place))
    }

    fn folder(&mut self, path: &EntryPath) -> Result<(), Refusal> {
        if let Some(place) = self.place(path)?
            && !place.is_root()
        {
            self.folders.insert(place);
        }
        Ok(())
    }

    fn file(
        &mut self,
        path: &EntryPath,
        executable: bool,
        source: &mut dyn Read,
    ) -> Result<(), Refusal> {
        if let Some(place) = self.place(path)? {
            self.tree.file(&place, executable, &self.owner, source)?;
            self.files.insert(path.clone(), place);
        }
        Ok(())
    }

    fn link(&mut self, path: &EntryPath, target: &[u8]) -> Result<(), Refusal> {
        if let Some(place) = self.place(path)? {
            self.tree.link(&place, target, &self.owner)?;
        }
        Ok(())
    }

    fn hard_link(&mut self, path: &EntryPath, target: &EntryPath) -> Result<(), Refusal> {
        if let Some(place) = self.place(path)? {
            let Some(from) = self.files.get(target) else {
                return Err(Refusal::HardLinkTarget(target.to_string()));
            };
            self.tree.hard_link(&place, from, &self.owner)?;
            self.files.insert(path.clone(), place);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        for folder in std::mem::take(&mut self.folders) {
            if self.tree.has(&folder) || !self.emptied.contains(&folder) {
                self.entry = Some(folder.to_string());
                self.tree.folder(&folder, &self.owner)?;
            }
        }
        self.entry = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
