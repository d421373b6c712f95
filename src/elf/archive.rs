//! The members of a static library, each with its machine.

use std::fs::File;
use std::io;

use object::read::archive::ArchiveFile;
use object::read::{ReadCache, ReadRef};

use super::machine::HEAD;
use super::{Fault, LARGEST, Machine, machine};

/// How a static library begins.
pub const MAGIC: &[u8] = object::archive::MAGIC.as_slice();
/// More members than any static library has.
const MEMBERS: usize = 100_000;

/// An object in a static library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name in the library.
    pub name: String,
    /// What it is for.
    pub machine: Machine,
}

/// The ELF members of a static library.
pub fn members(file: File) -> io::Result<Result<Vec<Member>, Fault>> {
    if file.metadata()?.len() > LARGEST {
        return Ok(Err(Fault::TooLarge));
    }
    Ok(read(&ReadCache::new(file)))
}

pub(super) fn read<'data, R: ReadRef<'data>>(data: R) -> Result<Vec<Member>, Fault> {
    let damaged = |_| Fault::Damaged("archive");
    let archive = ArchiveFile::parse(data).map_err(damaged)?;
    let mut members = Vec::new();
    for (index, member) in archive.members().enumerate() {
        if index >= MEMBERS {
            return Err(Fault::TooMany("members"));
        }
        let member = member.map_err(damaged)?;
        let (offset, size) = member.file_range();
        let head = data
            .read_bytes_at(offset, size.min(HEAD as u64))
            .map_err(|()| Fault::Damaged("archive"))?;
        if let Some(machine) = machine(head) {
            let name = String::from_utf8_lossy(member.name()).into_owned();
            members.push(Member { name, machine });
        }
    }
    Ok(members)
}
