//! The gate that lets no program, library or object of a foreign machine into a volume.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use krunner::platform::Architecture;
use object::Endianness;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::FileHeader;

/// Why a tree did not pass.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file for another machine.
    #[error(
        "`{file}` is for {found}, and the target is {wanted}\nhint: give the input of this architecture, or leave the file out"
    )]
    Machine {
        /// Relative to the tree.
        file: String,
        /// As its header says.
        found: String,
        /// As `uname -m` says it.
        wanted: &'static str,
    },
    /// A file could not be read.
    #[error("Cannot read `{}`: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Bytes of the larger header.
const HEADER: usize = 64;

/// Checks every ELF file beneath `root`, and the members of static libraries.
pub fn check(root: &Path, architecture: Architecture) -> Result<(), Error> {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |source| Error::Read {
            path: folder.clone(),
            source,
        };
        let mut entries = std::fs::read_dir(&folder)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(failed)?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                check_file(root, &entry.path(), architecture)?;
            }
        }
    }
    Ok(())
}

fn check_file(root: &Path, path: &Path, architecture: Architecture) -> Result<(), Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let mut head = [0; HEADER];
    let size = read_head(&mut file, &mut head).map_err(failed)?;
    let name = path.strip_prefix(root).unwrap_or(path).display();
    if head.starts_with(b"!<arch>\n") {
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut archive = ar::Archive::new(io::BufReader::new(file));
        // A member that cannot be read is no object of a foreign machine: this is no check of `ar`.
        while let Some(Ok(mut member)) = archive.next_entry() {
            let size = read_head(&mut member, &mut head).map_err(failed)?;
            let member = String::from_utf8_lossy(member.header().identifier()).into_owned();
            compare(&head[..size], architecture, || format!("{name}({member})"))?;
        }
        return Ok(());
    }
    compare(&head[..size], architecture, || name.to_string())
}

fn compare(
    head: &[u8],
    architecture: Architecture,
    name: impl Fn() -> String,
) -> Result<(), Error> {
    match machine(head) {
        Some(found) if found != architecture.machine() => Err(Error::Machine {
            file: name(),
            found,
            wanted: architecture.machine(),
        }),
        _ => Ok(()),
    }
}

/// The machine that an ELF header is for, as `uname -m` says it; none where there is no header.
pub fn machine(head: &[u8]) -> Option<String> {
    if !head.starts_with(&elf::ELFMAG) {
        return None;
    }
    let (machine, little) = if let Ok(header) = FileHeader64::<Endianness>::parse(head) {
        let endian = header.endian().unwrap_or_default();
        (header.e_machine(endian), endian == Endianness::Little)
    } else if let Ok(header) = FileHeader32::<Endianness>::parse(head) {
        let machine = header.e_machine(header.endian().unwrap_or_default());
        return Some(format!("a 32-bit machine (ELF machine {})", machine.0));
    } else {
        return Some("no machine (its ELF header is damaged)".to_owned());
    };
    Some(match machine {
        elf::EM_X86_64 if little => "x86_64".to_owned(),
        elf::EM_AARCH64 if little => "aarch64".to_owned(),
        other => format!("ELF machine {}", other.0),
    })
}

fn read_head(source: &mut impl Read, head: &mut [u8; HEADER]) -> io::Result<usize> {
    head.fill(0);
    let mut size = 0;
    while size < HEADER {
        match source.read(&mut head[size..])? {
            0 => break,
            count => size += count,
        }
    }
    Ok(size)
}
