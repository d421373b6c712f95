//! Finds the bytes of an input, and checks them against their SHA-256.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use krunner::digest::Digest;

use super::format::{Format, HEAD};
use super::{Bytes, Error, Refusal};

/// What an input turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// A file: the one given, or the only one in the folder given.
    File {
        /// Where it is.
        path: PathBuf,
        /// Told by its first bytes.
        format: Format,
    },
    /// A folder with an unpacked tree.
    Folder(PathBuf),
}

/// Looks at an input, and checks its SHA-256 when one is given.
///
/// A folder that holds a single archive stands for that archive, as a build context does that was
/// made of one; any other folder is an unpacked tree, of which no SHA-256 can be checked.
pub fn open(bytes: &Bytes) -> Result<Opened, Error> {
    inspect(bytes).map_err(|(entry, refusal)| Error {
        input: bytes.name.clone(),
        entry,
        refusal,
    })
}

/// The one file of an input, of whatever format: itself, or what its folder holds.
pub fn single_file(bytes: &Bytes) -> Result<PathBuf, Error> {
    let failed = |refusal| Error {
        input: bytes.name.clone(),
        entry: Some(bytes.path.display().to_string()),
        refusal,
    };
    let path = if bytes.path.is_dir() {
        let (only, count) = only_file(&bytes.path).map_err(|error| failed(error.into()))?;
        only.ok_or_else(|| failed(Refusal::NotOneArchive(count)))?
    } else {
        bytes.path.clone()
    };
    check_sha256(bytes, &path).map_err(|(_, refusal)| failed(refusal))?;
    Ok(path)
}

type Failure = (Option<String>, Refusal);

fn inspect(bytes: &Bytes) -> Result<Opened, Failure> {
    let failed = |refusal: Refusal| (Some(bytes.path.display().to_string()), refusal);
    let opened = if bytes.path.is_dir() {
        let (only, count) = only_file(&bytes.path).map_err(|e| failed(e.into()))?;
        let opened = only.map(|path| look(&path)).transpose().map_err(failed)?;
        match opened {
            Some(Opened::File { path, format }) if format != Format::Unknown => {
                Opened::File { path, format }
            }
            _ if bytes.sha256.is_some() => return Err(failed(Refusal::NotOneArchive(count))),
            _ => Opened::Folder(bytes.path.clone()),
        }
    } else {
        look(&bytes.path).map_err(failed)?
    };
    if let Opened::File { path, .. } = &opened {
        check_sha256(bytes, path)?;
    }
    Ok(opened)
}

fn check_sha256(bytes: &Bytes, path: &Path) -> Result<(), Failure> {
    let Some(wanted) = bytes.sha256 else {
        return Ok(());
    };
    let found = File::open(path)
        .and_then(Digest::read)
        .map_err(|error| (Some(path.display().to_string()), error.into()))?;
    if found == wanted {
        return Ok(());
    }
    let (wanted, found) = (wanted.hex(), found.hex());
    Err((None, Refusal::Digest { wanted, found }))
}

/// The file of a folder that holds nothing else, and how many entries there are.
fn only_file(folder: &Path) -> std::io::Result<(Option<PathBuf>, usize)> {
    let mut only = None;
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        count += 1;
        only = entry.file_type()?.is_file().then(|| entry.path());
    }
    Ok((only.filter(|_| count == 1), count))
}

fn look(path: &Path) -> Result<Opened, Refusal> {
    let mut head = Vec::with_capacity(HEAD);
    File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(Opened::File {
        path: path.to_owned(),
        format: Format::detect(&head),
    })
}
