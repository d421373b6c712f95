//! Unpacks a zip, and holds the checks of zips that wheels need as well.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{EntryPath, Refusal, Unpacker};

/// Bytes that a link's target may have.
const LONGEST_TARGET: u64 = 4096;

pub(super) fn unpack(file: File, unpacker: &mut Unpacker<'_>) -> Result<(), Refusal> {
    let reader = BufReader::with_capacity(64 << 10, file);
    let mut archive = open(reader).map_err(|(entry, reason)| {
        unpacker.entry = entry;
        reason
    })?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(refusal)?;
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

/// Opens a zip, and refuses one that two readers could understand differently, or whose parts
/// overlap, or with special or encrypted entries. The entry is named where there is one.
pub(crate) fn open<R: Read + Seek>(reader: R) -> Result<ZipArchive<R>, (Option<String>, Refusal)> {
    let mut archive = ZipArchive::new(reader).map_err(|error| (None, refusal(error)))?;
    if archive.has_duplicate_names() {
        let start = archive.central_directory_start();
        let before = Refusal::Duplicate("the same archive".to_owned());
        return Err((listed_twice(archive.into_inner(), start), before));
    }
    check(&mut archive)?;
    Ok(archive)
}

/// The name that the directory at `start` lists twice: [`ZipArchive`] has kept only the last, and
/// does not say which. The directory was read before, so whatever does not fit here is let go.
fn listed_twice<R: Read + Seek>(mut reader: R, start: u64) -> Option<String> {
    let mut names = HashSet::new();
    reader.seek(SeekFrom::Start(start)).ok()?;
    loop {
        let mut header = [0; 46];
        reader.read_exact(&mut header).ok()?;
        if !header.starts_with(b"PK\x01\x02") {
            return None;
        }
        let length = |at| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let mut name = vec![0; length(28)];
        reader.read_exact(&mut name).ok()?;
        let skip = i64::try_from(length(30) + length(32)).ok()?;
        reader.seek_relative(skip).ok()?;
        if !names.insert(name.clone()) {
            return Some(String::from_utf8_lossy(&name).into_owned());
        }
    }
}

fn check<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Result<(), (Option<String>, Refusal)> {
    for index in 0..archive.len() {
        let entry = archive
            .by_index_data(index)
            .map_err(|error| (None, refusal(error)))?;
        let named = |reason| {
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            (Some(name), reason)
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
        .map_err(|error| (None, refusal(error)))
}

/// The path of an entry. Zips made elsewhere may hold backslashes, which are separators to some.
pub(crate) fn name(raw: &[u8]) -> Result<EntryPath, Refusal> {
    if raw.contains(&b'\\') {
        return Err(Refusal::Character('\\'));
    }
    EntryPath::parse(raw)
}

/// What the zip reader could not read.
pub(crate) fn refusal(error: ZipError) -> Refusal {
    match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => error.into(),
        error => Refusal::Damaged(error.to_string()),
    }
}
