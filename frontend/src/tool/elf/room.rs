//! Finds addresses for new strings, behind a segment that is there already.

use object::elf::{
    DT_RPATH, DT_STRSZ, DT_STRTAB, PT_DYNAMIC, PT_INTERP, SHF_TLS, SHT_DYNAMIC, SHT_NOBITS,
    SHT_PROGBITS, SHT_STRTAB,
};

use super::dynamic::{Dynamic, ENTRY};
use super::fault::Fault;
use super::image::Image;

/// The smallest page of the machines we build for.
const PAGE: u64 = 1 << 12;
/// Zeroed memory and names that a file can have more of, where there is no other room; real ones need
/// less.
const LIMIT: u64 = 32 << 20;

/// Texts that a file does not have yet.
#[derive(Debug, Default)]
pub(super) struct Fresh<'a> {
    pub(super) interpreter: Option<&'a str>,
    /// The value of its one RPATH.
    pub(super) rpath: Option<&'a str>,
}

/// Bytes that a segment gets behind those it has in the file.
#[derive(Debug)]
pub(super) struct Growth {
    /// Index of the segment.
    pub(super) load: usize,
    pub(super) bytes: Vec<u8>,
}

/// Puts the dynamic section and the fresh texts into the image, whose headers say so already, but
/// for offsets, and for the size of the segment that grows.
pub(super) fn make(
    image: &mut Image<'_>,
    mut dynamic: Dynamic,
    fresh: &Fresh<'_>,
) -> Result<Option<Growth>, Fault> {
    let moves = dynamic.entries.len() >= dynamic.capacity;
    let texts = [fresh.rpath, fresh.interpreter];
    let texts: usize = texts.iter().flatten().map(|text| text.len() + 1).sum();
    if texts == 0 && !moves {
        write_table(image, &dynamic);
        return Ok(None);
    }
    let table = if moves {
        (dynamic.entries.len() + 2) * ENTRY
    } else {
        0
    };
    let Home {
        load, copies_names, ..
    } = home(image, &dynamic, fresh, (texts + table) as u64, moves)?;
    if image.segments[load].file_size == 0 {
        // Nothing of it is in the file yet: it gets a place behind all that is.
        let end = image.bytes.len() as u64;
        let load = &mut image.segments[load];
        load.offset = end + (load.address.wrapping_sub(end) & (load.align - 1));
    }
    let segment = image.segments[load].clone();
    // Neither overflows: a segment that was read does not, and the rest is short.
    let zeroed = segment.memory_size - segment.file_size;
    let start = segment.address + segment.file_size;
    let mut bytes = vec![0; usize::try_from(zeroed).unwrap_or_default()];
    if zeroed > 0 {
        fill(image, load);
    }
    let here = |bytes: &[u8]| start + bytes.len() as u64;
    if let Some(rpath) = fresh.rpath {
        let old = dynamic.names_at;
        if copies_names {
            dynamic.names_at = here(&bytes);
            bytes.extend(&dynamic.names);
        }
        dynamic.set(DT_RPATH, here(&bytes) - dynamic.names_at);
        push(&mut bytes, rpath);
        let size = here(&bytes) - dynamic.names_at;
        dynamic.set(DT_STRTAB, dynamic.names_at);
        dynamic.set(DT_STRSZ, size);
        let sections = &mut image.sections;
        let names = sections.iter_mut().find(|section| {
            section.kind == SHT_STRTAB && section.is_alloc() && section.address == old
        });
        if let Some(names) = names {
            names.moved = true;
            (names.address, names.size) = (dynamic.names_at, size);
        }
    }
    if let Some(interpreter) = fresh.interpreter {
        let address = here(&bytes);
        push(&mut bytes, interpreter);
        move_interpreter(image, address, here(&bytes) - address);
    }
    if moves {
        let gap = here(&bytes).wrapping_neg() % ENTRY as u64;
        bytes.resize(bytes.len() + usize::try_from(gap).unwrap_or_default(), 0);
        let address = here(&bytes);
        bytes.extend(dynamic.encode(dynamic.entries.len() + 1));
        move_table(image, address, here(&bytes) - address);
    } else {
        write_table(image, &dynamic);
    }
    Ok(Some(Growth { load, bytes }))
}

/// Where fresh texts can lie.
struct Home {
    /// Index of the segment that grows.
    load: usize,
    /// Whether all names must be copied, to lie in one piece with the fresh ones.
    copies_names: bool,
    /// By how many bytes the file grows, beside the texts.
    cost: u64,
}

/// The cheaper of the possible places.
fn home(
    image: &Image<'_>,
    dynamic: &Dynamic,
    fresh: &Fresh<'_>,
    size: u64,
    writes: bool,
) -> Result<Home, Fault> {
    let near = behind_names(image, dynamic, size, writes);
    let far = behind_all(image, dynamic, fresh, writes);
    match (near, far) {
        (Some(near), Ok(far)) if far.cost < near.cost => Ok(far),
        (Some(near), _) => Ok(near),
        (None, far) => far,
    }
}

/// The segment of the names, where it has room for so much more before the next one.
///
/// The table of names then reaches over what lies between, and nothing in the file is there twice.
/// Most libraries have this room, since segments begin at pages.
fn behind_names(image: &Image<'_>, dynamic: &Dynamic, size: u64, writes: bool) -> Option<Home> {
    let mut loads = image
        .loads()
        .skip_while(|(_, load)| !load.maps(dynamic.names_at, dynamic.names.len() as u64));
    let (index, load) = loads.next()?;
    let end = load
        .address
        .checked_add(load.memory_size)?
        .checked_add(size)?;
    let next = loads.next().map(|(_, next)| next);
    let limit = next.map_or(u64::MAX, |next| next.address & !(next.align.max(PAGE) - 1));
    let cost = match next {
        Some(next) if next.offset < load.file_end().saturating_add(size) => next.align,
        _ => 0,
    };
    let ours = load.file_size == load.memory_size && (load.is_writable() || !writes);
    (!dynamic.names.is_empty() && ours && end <= limit).then_some(Home {
        load: index,
        copies_names: false,
        cost,
    })
}

/// The segment of the highest addresses. What it has zeroed becomes bytes of the file.
fn behind_all(
    image: &Image<'_>,
    dynamic: &Dynamic,
    fresh: &Fresh<'_>,
    writes: bool,
) -> Result<Home, Fault> {
    let (load, segment) = image
        .loads()
        .next_back()
        .ok_or(Fault::Damaged("nothing of it is loaded"))?;
    let zeroed = segment.memory_size - segment.file_size;
    let end = segment.address.saturating_add(segment.memory_size);
    let copies_names = fresh.rpath.is_some();
    let names = if copies_names {
        dynamic.names.len() as u64
    } else {
        0
    };
    if zeroed + names > LIMIT || end > u64::MAX - 2 * LIMIT || segment.align > LIMIT {
        return Err(Fault::NoRoom("another search path or interpreter"));
    }
    if writes && !segment.is_writable() {
        return Err(Fault::NoRoom("a larger dynamic section"));
    }
    Ok(Home {
        load,
        copies_names,
        cost: zeroed + names,
    })
}

/// Sections that were zeroed memory are bytes of the file now.
fn fill(image: &mut Image<'_>, load: usize) {
    let load = &image.segments[load];
    let zeroed = load.address + load.file_size..load.address + load.memory_size;
    for section in &mut image.sections {
        if section.kind == SHT_NOBITS
            && section.flags.0 & SHF_TLS.0 == 0
            && zeroed.contains(&section.address)
            && section.size <= zeroed.end - section.address
        {
            section.kind = SHT_PROGBITS;
            section.moved = true;
        }
    }
}

fn move_interpreter(image: &mut Image<'_>, address: u64, size: u64) {
    let Some(segment) = image.segment_mut(PT_INTERP) else {
        return;
    };
    let old = std::mem::replace(&mut segment.address, address);
    segment.moved = true;
    segment.physical = address;
    (segment.file_size, segment.memory_size) = (size, size);
    let mut sections = image.sections.iter_mut();
    if let Some(section) = sections.find(|section| {
        section.kind == SHT_PROGBITS && section.is_alloc() && section.address == old
    }) {
        section.moved = true;
        (section.address, section.size) = (address, size);
    }
}

fn move_table(image: &mut Image<'_>, address: u64, size: u64) {
    if let Some(segment) = image.segment_mut(PT_DYNAMIC) {
        segment.moved = true;
        (segment.address, segment.physical) = (address, address);
        (segment.file_size, segment.memory_size) = (size, size);
    }
    let mut sections = image.sections.iter_mut();
    if let Some(section) = sections.find(|section| section.kind == SHT_DYNAMIC) {
        section.moved = true;
        (section.address, section.size) = (address, size);
    }
}

fn write_table(image: &mut Image<'_>, dynamic: &Dynamic) {
    let table = dynamic.encode(dynamic.capacity);
    if let Some(offset) = image.offset(dynamic.address, table.len() as u64) {
        image.patch(offset, &table);
    }
}

fn push(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(text.as_bytes());
    bytes.push(0);
}
