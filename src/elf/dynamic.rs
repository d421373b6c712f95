//! The dynamic section: what a file asks of its dynamic linker.

use object::LittleEndian;
use object::elf::{
    DF_TEXTREL, DT_FLAGS, DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRSZ, DT_STRTAB,
    DT_TEXTREL, DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM, DynamicFlags, PT_DYNAMIC,
    PT_LOAD, ProgramHeader64,
};
use object::read::ReadRef;
use object::read::elf::{Dyn, ProgramHeader};

use super::{Facts, Fault, version};

type Segment = ProgramHeader64<LittleEndian>;

/// More entries than any linker writes.
const ENTRIES: usize = 4096;
/// Longer than any name in a dynamic section.
const LONGEST: u64 = 4096;
/// More libraries than anything needs.
const NEEDED: usize = 1024;

/// The string table, found as a dynamic linker finds it.
#[derive(Clone, Copy)]
pub(super) struct Strings<R> {
    data: R,
    start: u64,
    end: u64,
}

impl<'data, R: ReadRef<'data>> Strings<R> {
    /// The string at an offset in the table.
    pub(super) fn get(&self, offset: u64) -> Result<String, Fault> {
        let damaged = Fault::Damaged("string table");
        let start = self.start.checked_add(offset).ok_or(damaged)?;
        if start >= self.end {
            return Err(damaged);
        }
        let text = self
            .data
            .read_bytes_at_until(start..self.end.min(start.saturating_add(LONGEST)), 0)
            .map_err(|()| damaged)?;
        Ok(String::from_utf8_lossy(text).into_owned())
    }
}

/// Reads the dynamic section into `facts`.
pub(super) fn read<'data, R: ReadRef<'data>>(
    data: R,
    segments: &[Segment],
    facts: &mut Facts,
) -> Result<(), Fault> {
    let entries = entries(data, segments)?;
    let value = |wanted| {
        let found = entries.iter().find(|(tag, _)| *tag == wanted);
        found.map(|(_, value)| *value)
    };
    facts.text_relocations = value(DT_TEXTREL).is_some()
        || value(DT_FLAGS).is_some_and(|flags| DynamicFlags(flags).contains(DF_TEXTREL));
    let Some(table) = value(DT_STRTAB) else {
        return Ok(());
    };
    let (start, room) = place(segments, table).ok_or(Fault::Damaged("string table"))?;
    let whole = data.len().map_err(|()| Fault::Damaged("header"))?;
    let size = value(DT_STRSZ).unwrap_or(room).min(room);
    let strings = Strings {
        data,
        start,
        end: start.saturating_add(size).min(whole),
    };
    for (tag, value) in &entries {
        match *tag {
            DT_NEEDED if facts.needed.len() == NEEDED => {
                return Err(Fault::TooMany("needed libraries"));
            }
            DT_NEEDED => facts.needed.push(strings.get(*value)?),
            DT_RPATH => facts.rpath = Some(strings.get(*value)?),
            DT_RUNPATH => facts.runpath = Some(strings.get(*value)?),
            DT_SONAME => facts.soname = Some(strings.get(*value)?),
            _ => {}
        }
    }
    if let (Some(address), Some(count)) = (value(DT_VERNEED), value(DT_VERNEEDNUM)) {
        let table = version::table(data, place(segments, address))?;
        facts.requires = version::needed(table, count, &strings)?;
    }
    if let (Some(address), Some(count)) = (value(DT_VERDEF), value(DT_VERDEFNUM)) {
        let table = version::table(data, place(segments, address))?;
        facts.provides = version::defined(table, count, &strings)?;
    }
    Ok(())
}

/// The tags and values up to the end mark.
fn entries<'data, R: ReadRef<'data>>(
    data: R,
    segments: &[Segment],
) -> Result<Vec<(object::elf::DynamicTag, u64)>, Fault> {
    let mut found = Vec::new();
    for segment in segments {
        let is_dynamic = segment.p_type(LittleEndian) == PT_DYNAMIC;
        if is_dynamic && segment.p_filesz(LittleEndian) > ENTRIES as u64 * 16 {
            return Err(Fault::TooMany("dynamic entries"));
        }
        let part = segment
            .dynamic(LittleEndian, data)
            .map_err(|_| Fault::Damaged("dynamic section"))?;
        for entry in part.unwrap_or_default() {
            let tag = entry.tag(LittleEndian);
            if tag == object::elf::DT_NULL {
                break;
            }
            found.push((tag, entry.val(LittleEndian)));
        }
    }
    Ok(found)
}

/// Where in the file the byte at an address lies, and how many of the same segment follow it.
fn place(segments: &[Segment], address: u64) -> Option<(u64, u64)> {
    segments.iter().find_map(|segment| {
        let start = segment.p_vaddr(LittleEndian);
        let (offset, size) = segment.file_range(LittleEndian);
        let within = address.checked_sub(start)?;
        let loaded = segment.p_type(LittleEndian) == PT_LOAD && within < size;
        loaded
            .then(|| Some((offset.checked_add(within)?, size - within)))
            .flatten()
    })
}
