//! Unpacks a zip, and holds the checks of zips that wheels need as well.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{EntryPath, Refusal, Unpacker};

/// Bytes that a link's target may have.
const LONGEST_TARGET: u64 = 4096;

pub(super) fn unpack(file: File, unpacker: &mut Unpacker<'_>) -> Result<(), Refusal> {
    let mut archive = ZipArchive::new(BufReader::with_capacity(64 << 10, file)).map_err(damaged)?;
    check(&mut archive).map_err(|(entry, refusal)| {
        unpacker.entry = entry;
        refusal
    })?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        unpacker.at(entry.name_raw());
        let path = name(entry.name_raw())?;
        let mode = entry.unix_mode().unwrap_or(0o644);
        if entry.is_dir() {
            unpacker.folder(&path)?;
        } else if entry.is_symlink() {
            let mut target = Vec::new();
            (&mut entry).take(LONGEST_TARGET).read_to_end(&mut target)?;
            unpacker.link(&path, &target)?;
        } else {
            unpacker.file(&path, mode & 0o111 != 0, &mut entry)?;
        }
    }
    Ok(())
}

/// Refuses a zip that two readers could understand differently, or whose parts overlap; and one with
/// special or encrypted entries. The entry is named where there is one.
pub(crate) fn check<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
) -> Result<(), (Option<String>, Refusal)> {
    for index in 0..archive.len() {
        let entry = archive
            .by_index_data(index)
            .map_err(|error| (None, damaged(error)))?;
        let named = |refusal| {
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            (Some(name), refusal)
        };
        name(entry.name_raw()).map_err(named)?;
        if entry.encrypted() {
            return Err(named(Refusal::Encrypted));
        }
        match entry.unix_mode().unwrap_or_default() & 0o170_000 {
            0o020_000 | 0o060_000 => return Err(named(Refusal::Special("device"))),
            0o010_000 => return Err(named(Refusal::Special("FIFO"))),
            0o140_000 => return Err(named(Refusal::Special("socket"))),
            _ => {}
        }
    }
    archive
        .validate_header_consistency()
        .map_err(|error| (None, damaged(error)))
}

/// The path of an entry. Zips made elsewhere may hold backslashes, which are separators to some.
pub(crate) fn name(raw: &[u8]) -> Result<EntryPath, Refusal> {
    if raw.contains(&b'\\') {
        return Err(Refusal::Character('\\'));
    }
    EntryPath::parse(raw)
}

fn damaged(error: ZipError) -> Refusal {
    match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => error.into(),
        error => Refusal::Damaged(error.to_string()),
    }
}
