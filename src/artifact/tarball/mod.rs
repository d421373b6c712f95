//! Reads a layer's tar archive strictly. What a volume may not contain is refused, never skipped or rewritten, and
//! both ends use this one reader: `publish` refuses what `pull` would refuse.
//!
//! The `tar` crate only parses. This module owns which names, types and sizes are allowed; it creates nothing.

mod check;
mod guard;
mod name;
mod refused;
mod tree;

use std::io::{self, Read};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use check::check;
use guard::{Guard, Headers};
use refused::Located;
use tree::Tree;

pub use guard::{Budget, MAX_TOTAL};
pub use name::show;
pub use refused::{Refused, in_entry};

/// Entries of one layer. The largest real volume has about 6,000.
const MAX_ENTRIES: u64 = 200_000;

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

/// Reads a layer's tar from `reader`, already decompressed, to its very end: every entry goes to `visit` with its bytes.
/// Returns the digest of all bytes. `compressed` is how large the layer was, against bombs.
pub fn read(
    reader: impl Read,
    compressed: u64,
    budget: &Budget,
    visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> io::Result<()>,
) -> io::Result<Digest> {
    let headers = Headers::default();
    let guard = Guard::new(reader, compressed, headers.clone(), budget);
    let mut archive = tar::Archive::new(guard);
    let mut entries = archive.entries()?;
    let mut count = 0;
    let mut tree = Tree::default();
    let mut last: Option<PathBuf> = None;
    loop {
        headers.begin();
        let Some(entry) = entries.next() else { break };
        let after = |error| Located::locate(error, last.as_deref(), false);
        let mut raw = entry.map_err(Refused::unreadable).map_err(after)?;
        headers.end();
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
    headers.end();
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
    Ok(guard.digest())
}
