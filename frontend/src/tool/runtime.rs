//! The runtime step: the C runtime's shared libraries out of their archives, flat in one folder and called by their
//! sonames, and the licence of each archive.

mod licence;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use krunner::platform::Architecture;

use super::archive::{self, Options, Strip};
use super::elf::Change;
use super::path::EntryPath;
use super::scratch::Scratch;
use super::slim::globs;
use super::step::{Bytes, Portable};
use super::tree::{Links, Tree};
use super::{Error, elf, normalise, program};

/// What the runtime step is told, without where it writes.
#[derive(Debug)]
pub(super) struct Runtime<'a> {
    pub(super) archives: &'a [Bytes],
    pub(super) folder: &'a str,
    pub(super) architecture: Architecture,
    pub(super) epoch: u64,
}

/// What a runtime must have beside its loader: without these nothing starts, or nothing written in C++.
const REQUIRED: [&str; 4] = ["libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1"];
/// What programs may also ask for. Before 2.34 these were libraries of their own, and later they are empty ones
/// for programs that were linked before; the last three serve the lookup of names.
const OPTIONAL: [&str; 7] = [
    "libpthread.so.0",
    "libdl.so.2",
    "libutil.so.1",
    "librt.so.1",
    "libresolv.so.2",
    "libnss_dns.so.2",
    "libnss_files.so.2",
];
/// Folders in which the libraries lie, in archives of any distribution, and where Debian's licences do. Variants of
/// libraries for newer processors and for other machines lie deeper, or elsewhere.
const UNPACKED: [&str; 2] = [
    "{lib,lib64,usr/lib,usr/lib64}/{*,*-linux-gnu/*}",
    "usr/share/doc/{*,*/copyright}",
];
/// Bytes of the header that says which machine a file is for.
const HEADER: u64 = 64;

/// Why archives hold no C runtime.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A library is in none of them.
    #[error(
        "The C runtime lacks `{0}`, which no archive has\nhint: give Debian's `libc6`, `libgcc-s1` and `libstdc++6` of one release, for this architecture"
    )]
    Library(String),
    /// An archive without a licence.
    #[error(
        "The archive has no licence: `usr/share/doc/{package}/copyright`\nhint: what is shipped needs a licence; it may lie in another archive, `{lies_in}`: give that one too"
    )]
    Licence {
        /// Whose.
        package: String,
        /// Where its documents are said to lie.
        lies_in: String,
    },
    /// An archive without any package's documents.
    #[error(
        "The archive has no `usr/share/doc/PACKAGE`, where the licence of its libraries would be"
    )]
    NoDocuments,
}

/// An archive, unpacked as far as it matters.
struct Unpacked<'a> {
    input: &'a str,
    root: PathBuf,
}

pub(super) fn run(step: &Runtime<'_>, out: &Path) -> Result<(), Error> {
    let scratch = Scratch::new("runtime").map_err(Error::out(out))?;
    let unpacked = step
        .archives
        .iter()
        .enumerate()
        .map(|(number, archive)| unpack(archive, &scratch.path().join(number.to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    let tree = Tree::create(out, Links::Inside).map_err(Error::out(out))?;
    let mut shipped = vec![false; unpacked.len()];
    let loader = step.architecture.glibc_loader();
    let portable = Portable {
        prefix: String::new(),
        folder: step.folder.to_owned(),
        loader: loader.to_owned(),
    };
    for name in [loader].iter().chain(&REQUIRED).chain(&OPTIONAL) {
        let found = unpacked
            .iter()
            .zip(&mut shipped)
            .find_map(|(archive, shipped)| {
                let path = archive.library(name, step.architecture)?;
                *shipped = true;
                Some((archive, path))
            });
        match found {
            Some((archive, path)) => {
                let place = format!("{}/{name}", step.folder);
                let bytes = library(&path, &place, &portable).map_err(|fault| Error::Program {
                    input: archive.input.to_owned(),
                    file: place.clone(),
                    fault,
                })?;
                write(&tree, &place, *name == loader, archive.input, &bytes)?;
            }
            None if OPTIONAL.contains(name) => {}
            None => {
                let inputs: Vec<&str> = step.archives.iter().map(|a| a.name.as_str()).collect();
                return Err(Error::Runtime {
                    input: inputs.join(", "),
                    fault: Fault::Library((*name).to_owned()),
                });
            }
        }
    }
    for (archive, shipped) in unpacked.iter().zip(shipped) {
        if shipped {
            licence::write(archive, &unpacked, &tree)?;
        }
    }
    tree.finish().map_err(Error::at("runtime"))?;
    Ok(normalise::stamp(out, step.epoch)?)
}

fn unpack<'a>(archive: &'a Bytes, root: &Path) -> Result<Unpacked<'a>, Error> {
    // Rooted: links that archives of whole systems bring are not shipped, and followed only within the archive.
    let tree = Tree::create(root, Links::Rooted).map_err(Error::out(root))?;
    let options = Options {
        strip: Strip::Nothing,
        drop: globs(["**"].into_iter())?,
        keep: globs(UNPACKED.into_iter())?,
    };
    archive::unpack(archive, &tree, &options)?;
    tree.finish().map_err(Error::at(&archive.name))?;
    let root = root.canonicalize().map_err(Error::out(root))?;
    Ok(Unpacked {
        input: &archive.name,
        root,
    })
}

impl Unpacked<'_> {
    /// The library of this soname and for this machine, with links followed.
    fn library(&self, name: &str, architecture: Architecture) -> Option<PathBuf> {
        let mut places = Vec::new();
        for folder in ["lib", "usr/lib", "lib64", "usr/lib64"] {
            let folder = self.root.join(folder);
            places.push(folder.join(name));
            places.extend(names(&folder).map(|below| folder.join(below).join(name)));
        }
        let files = places.iter().filter_map(|place| self.file(place));
        let mut files =
            files.filter(|path| machine(path).as_deref() == Some(architecture.machine()));
        files.next()
    }

    /// The regular file at `path`, which may be a link within this archive.
    fn file(&self, path: &Path) -> Option<PathBuf> {
        let path = path.canonicalize().ok()?;
        (path.starts_with(&self.root) && path.is_file()).then_some(path)
    }

    fn documents(&self) -> PathBuf {
        self.root.join("usr/share/doc")
    }
}

/// A library's bytes. Each finds those that it needs beside itself, and what the C library asks for when it is
/// itself started as a program, which nobody does, stays.
fn library(path: &Path, place: &str, portable: &Portable) -> Result<Vec<u8>, program::Fault> {
    let bytes = std::fs::read(path)?;
    let change = Change {
        interpreter: None,
        ..Change::for_file(place, &bytes, portable)?
    };
    Ok(elf::rewrite(&bytes, &change)?.unwrap_or(bytes))
}

fn write(tree: &Tree, place: &str, run: bool, input: &str, mut bytes: &[u8]) -> Result<(), Error> {
    let failed = |refusal| Error::refused(input, place, refusal);
    let path = EntryPath::parse(place.as_bytes()).map_err(failed)?;
    tree.file(&path, run, &input.into(), &mut bytes)
        .map(drop)
        .map_err(failed)
}

/// What a folder holds, sorted; nothing if there is none.
fn names(folder: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.into_iter()
}

/// The machine that a file is for, if it is a program or library.
fn machine(path: &Path) -> Option<String> {
    let mut head = Vec::new();
    let file = File::open(path).ok()?;
    file.take(HEADER).read_to_end(&mut head).ok()?;
    elf::machine(&head)
}

#[cfg(test)]
mod tests;
