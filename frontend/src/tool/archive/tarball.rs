//! Unpacks a tar, already without its compression. The `tar` crate only parses.

use std::io::{self, Read};

use tar::EntryType;

use super::{EntryPath, Refusal, Unpacker};

/// Bytes that a tar may have, with all headers and what follows its end: twice what a tree may have.
const LONGEST: u64 = 8 << 30;

pub(super) fn unpack(source: &mut dyn Read, unpacker: &mut Unpacker<'_>) -> Result<(), Refusal> {
    let mut archive = tar::Archive::new(source.take(LONGEST));
    for entry in archive.entries()? {
        let mut entry = entry.map_err(damaged)?;
        let name = entry.path_bytes().into_owned();
        unpacker.at(&name);
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            check_global(&mut entry)?;
            continue;
        }
        let path = EntryPath::parse(&name)?;
        match kind {
            EntryType::Directory => unpacker.folder(&path)?,
            EntryType::Regular | EntryType::Continuous if path.is_root() => {
                return Err(Refusal::EmptyComponent);
            }
            EntryType::Regular | EntryType::Continuous => {
                let executable = entry.header().mode().map_err(damaged)? & 0o111 != 0;
                let size = entry.size();
                let mut counted = Counted(&mut entry, 0);
                unpacker
                    .file(&path, executable, &mut counted)
                    .map_err(as_damage)?;
                if counted.1 < size && counted.1 > 0 {
                    return Err(Refusal::Damaged("its last file is cut off".to_owned()));
                }
            }
            EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default();
                unpacker.link(&path, &target)?;
            }
            EntryType::Link => {
                let target = entry.link_name_bytes().unwrap_or_default();
                unpacker.hard_link(&path, &EntryPath::parse(&target)?)?;
            }
            EntryType::Char | EntryType::Block => return Err(Refusal::Special("device")),
            EntryType::Fifo => return Err(Refusal::Special("FIFO")),
            EntryType::GNUSparse => return Err(Refusal::Special("sparse file")),
            other => return Err(Refusal::UnknownType(char::from(other.as_byte()))),
        }
    }
    unpacker.entry = None;
    // The checksums of the compression come last, after what the tar itself needs.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    Ok(())
}

/// `git archive` writes the commit into a global header, and that is all that one may hold: anything
/// else would silently change the entries after it.
fn check_global(entry: &mut impl Read) -> Result<(), Refusal> {
    let mut records = Vec::new();
    entry.take(1 << 20).read_to_end(&mut records)?;
    for record in tar::PaxExtensions::new(&records) {
        let record = record.map_err(damaged)?;
        if record.key_bytes() != b"comment" {
            let key = String::from_utf8_lossy(record.key_bytes()).into_owned();
            return Err(Refusal::GlobalHeader(key));
        }
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
fn damaged(error: io::Error) -> Refusal {
    Refusal::Damaged(error.to_string())
}

/// Errors while a file is copied come from the archive far more often than from the disk, but only
/// those without an errno do for certain.
fn as_damage(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Io(error) if error.raw_os_error().is_none() => damaged(error),
        other => other,
    }
}

/// Counts what was read, to notice a tar that ends within a file.
struct Counted<R>(R, u64);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1 += count as u64;
        Ok(count)
    }
}
