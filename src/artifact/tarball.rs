//! Reads a layer's tar archive strictly. What a volume may not contain is refused, never skipped or rewritten, and
//! both ends use this one reader: `publish` refuses what `pull` would refuse.
//!
//! The `tar` crate only parses. This module owns which names, types and sizes are allowed; it creates nothing.

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tar::EntryType;

use super::media;
use crate::digest::Digest;

/// Entries of one layer. The largest real volume has about 6,000.
const MAX_ENTRIES: u64 = 200_000;
/// All layers of a volume together, unpacked.
pub const MAX_TOTAL: u64 = 2 << 30;
/// One file; the largest in a real volume is Python's library with 40 MB.
const MAX_FILE: u64 = 1 << 30;
/// What may stand between two entries: a PAX header, a long name, a long link.
const MAX_HEADERS: u64 = 1 << 20;
/// Linux's own limits, and a depth that no packager reaches.
const MAX_PATH: usize = 4096;
const MAX_COMPONENT: usize = 255;
const MAX_DEPTH: usize = 64;
/// The end of the year 9999, after which tools write other dates.
const MAX_TIME: u64 = 253_402_300_799;
/// How PAX headers call extended attributes.
const XATTR: &[u8] = b"SCHILY.xattr.";
/// Real layers unpack to 3-5 times their size; deflate ends at about 1,000. Small layers get some slack.
const MAX_RATIO: u64 = 200;
const RATIO_SLACK: u64 = 1 << 20;

/// Why a layer is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// A path that leaves the volume or that no file system takes.
    #[error("Path is {1}: `{0}`")]
    Path(String, &'static str),
    /// A link whose target is missing, empty or unusable.
    #[error("Link has {1}: `{0}`")]
    Link(String, &'static str),
    /// Neither file, folder, nor link.
    #[error("Entry is {1}, and a volume has only files, folders and links: `{0}`")]
    Type(String, &'static str),
    /// Mode bits that give rights away.
    #[error("File has setuid, setgid or sticky bits: `{0}`")]
    Mode(String),
    /// A removal of something in a lower layer.
    #[error("Path is a whiteout: `{0}`")]
    Whiteout(String),
    /// The same path twice in one layer.
    #[error("Path appears twice: `{0}`")]
    Twice(String),
    /// Larger than any volume.
    #[error("Layer has more than {1} {0}")]
    TooMuch(&'static str, u64),
    /// An attribute that gives rights or means something to a file system below.
    #[error("Entry has the extended attribute `{1}`: `{0}`")]
    Attribute(String, String),
    /// A time that file systems do not have.
    #[error("Entry has an impossible time: `{0}`")]
    Time(String),
    /// What cannot be read at all; in the words of whoever tried, without what would move a cursor.
    #[error("Cannot be read: {0}")]
    Unreadable(String),
    /// Something after the end of the archive.
    #[error("Bytes follow the end of the archive")]
    Trailing,
}

impl Refused {
    /// Whether it says what entry it is about.
    fn names_entry(&self) -> bool {
        !matches!(
            self,
            Self::TooMuch(..) | Self::Trailing | Self::Unreadable(_)
        )
    }

    /// An error of the parser, which repeats what it found.
    fn unreadable(error: io::Error) -> io::Error {
        if error
            .get_ref()
            .is_some_and(|inner| inner.downcast_ref::<Self>().is_some())
        {
            return error;
        }
        let words = media::plain(&error.to_string(), 200);
        io::Error::new(error.kind(), Self::Unreadable(words))
    }
}

/// Where in a layer something went wrong that does not say it itself.
#[derive(Debug, thiserror::Error)]
#[error("{} `{}`", if *.inside { "In" } else { "After" }, show(.entry.as_os_str().as_bytes()))]
struct Located {
    entry: PathBuf,
    inside: bool,
    source: io::Error,
}

impl Located {
    /// The error with the entry that was read or had been read, if there was one and the error does not name it.
    fn locate(error: io::Error, entry: Option<&Path>, inside: bool) -> io::Error {
        if error
            .get_ref()
            .is_some_and(|inner| inner.downcast_ref::<Self>().is_some())
        {
            return error;
        }
        let refused = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Refused>());
        match entry {
            Some(entry) if refused.is_none_or(|refused| !refused.names_entry()) => {
                let entry = entry.to_owned();
                let kind = error.kind();
                let source = error;
                io::Error::new(
                    kind,
                    Self {
                        entry,
                        inside,
                        source,
                    },
                )
            }
            _ => error,
        }
    }
}

/// An error that says in which entry it was, if it did not say so already.
pub fn in_entry(error: io::Error, entry: &Path) -> io::Error {
    Located::locate(error, Some(entry), true)
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        Self::new(io::ErrorKind::InvalidData, refused)
    }
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A regular file; its bytes are in the reader.
    File,
    /// A folder.
    Folder,
    /// A symbolic link with its target as it was written.
    Symlink(PathBuf),
    /// A hard link to an entry by its clean path.
    Hardlink(PathBuf),
}

/// One entry that is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The path, relative and clean; empty for the root itself.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Modification time, in seconds since 1970.
    pub mtime: u64,
    /// The number of bytes in the reader.
    pub size: u64,
}

/// How much may be read: shared by the layers of a volume.
#[derive(Debug, Default)]
pub struct Budget(AtomicU64);

impl Budget {
    fn take(&self, bytes: u64) -> Result<(), Refused> {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > MAX_TOTAL {
            return Err(Refused::TooMuch("bytes", MAX_TOTAL));
        }
        Ok(())
    }
}

/// Reads a layer's tar from `reader`, already decompressed, to its very end: every entry goes to `visit` with its bytes.
/// Returns the digest of all bytes. `compressed` is how large the layer was, against bombs.
pub fn read(
    reader: impl Read,
    compressed: u64,
    budget: &Budget,
    visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> io::Result<()>,
) -> io::Result<Digest> {
    let headers = Rc::new(Cell::new(None));
    let mut archive = tar::Archive::new(Guard {
        inner: reader,
        hasher: Sha256::new(),
        headers: Rc::clone(&headers),
        read: 0,
        limit: compressed
            .saturating_mul(MAX_RATIO)
            .saturating_add(RATIO_SLACK),
        budget,
    });
    let mut entries = archive.entries()?;
    let mut count = 0;
    let mut tree = Tree::default();
    let mut last: Option<PathBuf> = None;
    loop {
        headers.set(Some(MAX_HEADERS));
        let Some(entry) = entries.next() else { break };
        let after = |error| Located::locate(error, last.as_deref(), false);
        let mut raw = entry.map_err(Refused::unreadable).map_err(after)?;
        headers.set(None);
        count += 1;
        if count > MAX_ENTRIES {
            return Err(Refused::TooMuch("entries", MAX_ENTRIES).into());
        }
        let entry = check(&mut raw).map_err(after)?;
        tree.add(&entry)?;
        let inside = |error| in_entry(error, &entry.path);
        visit(&entry, &mut raw).map_err(inside)?;
        // What the visitor left, so that the next header's allowance is for headers alone.
        io::copy(&mut raw, &mut io::sink()).map_err(inside)?;
        last = Some(entry.path);
    }
    headers.set(None);
    let after = |error| Located::locate(error, last.as_deref(), false);
    let mut guard = archive.into_inner();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = guard.read(&mut buffer).map_err(after)?;
        if count == 0 {
            break;
        }
        if buffer[..count].iter().any(|byte| *byte != 0) {
            return Err(after(Refused::Trailing.into()));
        }
    }
    Ok(Digest::from_bytes(guard.hasher.finalize().into()))
}

/// Hashes and counts what passes, and stops what grows too large.
struct Guard<'a, R> {
    inner: R,
    hasher: Sha256,
    /// How much may still be read before the next entry must have begun, if one is looked for.
    headers: Rc<Cell<Option<u64>>>,
    read: u64,
    limit: u64,
    budget: &'a Budget,
}

impl<R: Read> Read for Guard<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        let bytes = count as u64;
        self.read += bytes;
        self.budget.take(bytes)?;
        if self.read > self.limit {
            return Err(Refused::TooMuch("times its size unpacked, namely", MAX_RATIO).into());
        }
        if let Some(left) = self.headers.get() {
            let left = left
                .checked_sub(bytes)
                .ok_or(Refused::TooMuch("header bytes", MAX_HEADERS))?;
            self.headers.set(Some(left));
        }
        Ok(count)
    }
}

/// What one layer's paths are, to see that they fit together.
#[derive(Default)]
struct Tree(HashMap<PathBuf, Node>);

#[derive(Clone, Copy, PartialEq)]
enum Node {
    Folder,
    /// A folder that only its content speaks of, so far.
    Implied,
    File,
    Link,
}

impl Tree {
    fn add(&mut self, entry: &Entry) -> Result<(), Refused> {
        let shown = || show(entry.path.as_os_str().as_bytes());
        let node = match &entry.kind {
            Kind::Folder => Node::Folder,
            Kind::File => Node::File,
            Kind::Symlink(_) => Node::Link,
            Kind::Hardlink(target) if self.0.get(target) == Some(&Node::File) => Node::File,
            Kind::Hardlink(_) => {
                return Err(Refused::Link(
                    shown(),
                    "a target that is no earlier file of its layer",
                ));
            }
        };
        for folder in entry.path.ancestors().skip(1) {
            match self.0.get(folder) {
                Some(Node::Folder | Node::Implied) => break,
                Some(Node::File | Node::Link) => {
                    return Err(Refused::Path(shown(), "beneath a file or a link"));
                }
                None => self.0.insert(folder.to_owned(), Node::Implied),
            };
        }
        match self.0.insert(entry.path.clone(), node) {
            None => Ok(()),
            Some(Node::Implied) if node == Node::Folder => Ok(()),
            Some(_) => Err(Refused::Twice(shown())),
        }
    }
}

fn check<R: Read>(raw: &mut tar::Entry<'_, R>) -> io::Result<Entry> {
    let written = raw.path_bytes().into_owned();
    let shown = show(&written);
    let path = clean(&written, true)?;
    let kind = match raw.header().entry_type() {
        EntryType::Regular => Kind::File,
        EntryType::Directory => Kind::Folder,
        EntryType::Symlink => Kind::Symlink(target(raw, &shown)?),
        EntryType::Link => {
            let target = target(raw, &shown)?;
            Kind::Hardlink(clean(target.as_os_str().as_bytes(), false)?)
        }
        other => return Err(Refused::Type(shown, type_name(other)).into()),
    };
    if path.as_os_str().is_empty() && kind != Kind::Folder {
        return Err(Refused::Path(shown, "the root of the volume, which must be a folder").into());
    }
    if path
        .components()
        .any(|part| part.as_os_str().as_bytes().starts_with(b".wh."))
    {
        return Err(Refused::Whiteout(shown).into());
    }
    for extension in raw.pax_extensions()?.into_iter().flatten() {
        let extension = extension.map_err(Refused::unreadable)?;
        let key = extension.key_bytes();
        // Readers that pass over such a number see other files than those that do not.
        if key == b"size" && !extension.value_bytes().iter().all(u8::is_ascii_digit) {
            return Err(Refused::Type(shown, "of a size that is no number").into());
        }
        if key.starts_with(b"GNU.sparse") {
            return Err(Refused::Type(shown, "a sparse file").into());
        }
        if gives_rights(key) {
            let key = show(&key[XATTR.len()..]);
            return Err(Refused::Attribute(shown, key).into());
        }
    }
    let mode = raw.header().mode()? & 0o7777;
    if mode & 0o7000 != 0 && !matches!(kind, Kind::Symlink(_)) {
        return Err(Refused::Mode(shown).into());
    }
    let size = raw.size();
    if size > MAX_FILE {
        let refused = Refused::TooMuch("bytes in one file", MAX_FILE);
        return Err(in_entry(refused.into(), &path));
    }
    if kind != Kind::File && size > 0 {
        return Err(Refused::Type(shown, "a link or folder with content").into());
    }
    let mtime = raw.header().mtime()?;
    if mtime > MAX_TIME {
        return Err(Refused::Time(shown).into());
    }
    Ok(Entry {
        path,
        kind,
        mode,
        mtime,
        size,
    })
}

/// Whether a PAX key is an extended attribute that gives rights, or tells an overlay what to show. Others are harmless, and
/// left out.
fn gives_rights(key: &[u8]) -> bool {
    let Some(name) = key.strip_prefix(XATTR) else {
        return false;
    };
    let kinds: [&[u8]; 3] = [b"security.capability", b"system.posix_acl_", b"trusted."];
    kinds.iter().any(|kind| name.starts_with(kind))
}

/// Somebody's name for something as a message may have it: nothing in it moves a cursor.
pub fn show(name: &[u8]) -> String {
    let mut shown = String::new();
    for letter in String::from_utf8_lossy(name).chars() {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Takes `./` and doubled slashes off a path and refuses what could leave the volume.
fn clean(written: &[u8], root_allowed: bool) -> Result<PathBuf, Refused> {
    let refuse = |why| Refused::Path(show(written), why);
    if written.is_empty() {
        return Err(refuse("empty"));
    }
    if written.starts_with(b"/") {
        return Err(refuse("absolute"));
    }
    if written.len() > MAX_PATH {
        return Err(refuse("too long"));
    }
    if written.contains(&0) {
        return Err(refuse("one with a NUL byte"));
    }
    let mut path = PathBuf::new();
    let mut depth = 0;
    for part in written.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => continue,
            b".." => return Err(refuse("one with `..`")),
            _ => {}
        }
        if part.len() > MAX_COMPONENT {
            return Err(refuse("one with too long a name"));
        }
        depth += 1;
        if depth > MAX_DEPTH {
            return Err(refuse("too deep"));
        }
        path.push(OsStr::from_bytes(part));
    }
    if depth == 0 && !root_allowed {
        return Err(refuse("the root of the volume"));
    }
    Ok(path)
}

fn target<R: Read>(raw: &tar::Entry<'_, R>, shown: &str) -> Result<PathBuf, Refused> {
    let refuse = |why| Refused::Link(shown.to_owned(), why);
    let target = raw.link_name_bytes().ok_or_else(|| refuse("no target"))?;
    if target.is_empty() {
        return Err(refuse("no target"));
    }
    if target.contains(&0) || target.len() > MAX_PATH {
        return Err(refuse("an impossible target"));
    }
    Ok(Path::new(OsStr::from_bytes(&target)).to_owned())
}

fn type_name(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Char => "a character device",
        EntryType::Block => "a block device",
        EntryType::Fifo => "a pipe",
        EntryType::Continuous => "a contiguous file",
        EntryType::GNUSparse => "a sparse file",
        EntryType::XGlobalHeader => "a global header",
        _ => "of an unknown type",
    }
}
