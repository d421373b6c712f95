//! Lays a changed image out as a file.
//!
//! What is loaded keeps its addresses and its order; in the file, segments move together by whole
//! pages where something between them went. Behind them come the sections that are not loaded, their
//! headers, and what was appended to the file.

use object::LittleEndian as LE;
use object::elf::{FileHeader64, ProgramHeader64, SHT_NOBITS, SHT_NULL};
use object::pod::{bytes_of, bytes_of_slice};
use object::{U16, U64};

use super::chunk::{self, Chunk};
use super::fault::Fault;
use super::image::{Image, slice};
use super::room::Growth;
use super::section::Section;
use super::segment::Segment;

/// How much larger a file may get; zeroed memory and one page of each segment is all it should be.
const GROWTH: u64 = 64 << 20;
/// No section that is not loaded needs more.
const SECTION_ALIGN: u64 = 64;

/// The file of an image, with a segment grown, and without dropped sections.
pub(super) fn write(
    image: &Image<'_>,
    growth: Option<&Growth>,
    dropped: &[bool],
) -> Result<Vec<u8>, Fault> {
    let limit = image.bytes.len() as u64 + GROWTH;
    let chunks = chunk::plan(image, growth, limit)?;
    let mut out = Vec::new();
    for chunk in &chunks {
        pad(&mut out, chunk.to, limit)?;
        let size = chunk.end - chunk.start;
        out.extend(slice(&image.bytes, chunk.start, size).unwrap_or_default());
        out.extend(chunk.growth);
    }
    let segments = segments(image, growth, &chunks, out.len() as u64);
    let mut header = image.header;
    let programs = chunk::find(&chunks, header.e_phoff.get(LE), 0).unwrap_or_default();
    header.e_phoff = U64::new(LE, programs);
    let sections = sections(image, &segments, &chunks, dropped, &mut out, limit)?;
    let raw: Vec<_> = sections.iter().map(Section::encode).collect();
    header.e_shnum = U16::new(LE, u16::try_from(raw.len()).unwrap_or_default());
    if raw.is_empty() {
        header.e_shoff = U64::new(LE, 0);
    } else {
        let at = (out.len() as u64).next_multiple_of(8);
        pad(&mut out, at, limit)?;
        header.e_shoff = U64::new(LE, at);
        out.extend(bytes_of_slice(&raw));
    }
    out.extend(appended(image, &chunks));
    let raw: Vec<_> = segments.iter().map(Segment::encode).collect();
    put(
        &mut out,
        programs,
        bytes_of_slice::<ProgramHeader64<LE>>(&raw),
    );
    put(&mut out, 0, bytes_of::<FileHeader64<LE>>(&header));
    Ok(out)
}

/// Program headers with their places in the new file.
fn segments(
    image: &Image<'_>,
    growth: Option<&Growth>,
    chunks: &[Chunk<'_>],
    end: u64,
) -> Vec<Segment> {
    let mut segments = image.segments.clone();
    for (index, segment) in segments.iter_mut().enumerate() {
        if !segment.is_load() {
            continue;
        }
        let grows = growth.filter(|growth| growth.load == index);
        if segment.file_size > 0 || grows.is_some() {
            let at = chunk::find(chunks, segment.offset, segment.file_size);
            segment.offset = at.unwrap_or(segment.offset);
        } else if segment.offset > end {
            // The loader maps the page in which zeroed memory begins, so it must be in the file.
            let back = (segment.offset - end).next_multiple_of(segment.align);
            segment.offset = segment
                .offset
                .checked_sub(back)
                .unwrap_or(segment.offset % segment.align);
        }
        if let Some(growth) = grows {
            segment.file_size += growth.bytes.len() as u64;
            segment.memory_size = segment.file_size;
        }
    }
    let loads = segments.clone();
    for segment in segments
        .iter_mut()
        .filter(|segment| !segment.is_load() && segment.file_size > 0)
    {
        let at = mapped(&loads, segment.address, segment.file_size)
            .or_else(|| chunk::find(chunks, segment.offset, segment.file_size));
        segment.offset = at.unwrap_or(segment.offset);
    }
    segments
}

/// Section headers with their places in the new file. Sections that are not loaded are written.
///
/// Dropped sections leave an empty header, since symbols and headers name sections by number.
fn sections(
    image: &Image<'_>,
    segments: &[Segment],
    chunks: &[Chunk<'_>],
    dropped: &[bool],
    out: &mut Vec<u8>,
    limit: u64,
) -> Result<Vec<Section>, Fault> {
    let is_dropped = |index: usize| dropped.get(index).copied().unwrap_or_default();
    let kept = (0..image.sections.len())
        .rev()
        .find(|index| !is_dropped(*index));
    let mut sections = image.sections[..kept.map_or(0, |last| last + 1)].to_vec();
    for (index, section) in sections.iter_mut().enumerate() {
        if is_dropped(index) {
            *section = Section::default();
        }
        if section.kind == SHT_NULL {
            continue;
        }
        let size = section.file_size();
        let place = if section.moved {
            mapped(segments, section.address, size)
        } else {
            chunk::find(chunks, section.offset, size)
        };
        section.offset = match place {
            Some(place) => place,
            None if section.kind == SHT_NOBITS => out.len() as u64,
            None => {
                let align = section.align.clamp(1, SECTION_ALIGN).next_power_of_two();
                let at = (out.len() as u64).next_multiple_of(align);
                pad(out, at, limit.saturating_sub(size))?;
                out.extend(slice(&image.bytes, section.offset, size).unwrap_or_default());
                at
            }
        };
    }
    Ok(sections)
}

/// What lies behind all that the file speaks of: self-extracting programs have their data there.
fn appended<'a>(image: &'a Image<'_>, chunks: &[Chunk<'_>]) -> &'a [u8] {
    let headers = image.header.e_shoff.get(LE) + image.sections.len() as u64 * 64;
    let ends = image
        .sections
        .iter()
        .filter(|section| section.file_size() > 0 && !section.moved);
    let ends = ends.map(|section| section.offset + section.size);
    let ends = ends.chain(
        chunks
            .iter()
            .filter(|chunk| chunk.end > chunk.start)
            .map(|chunk| chunk.end),
    );
    let end = ends.chain([headers]).max().unwrap_or_default();
    let size = (image.bytes.len() as u64).saturating_sub(end);
    let rest = slice(&image.bytes, end, size).unwrap_or_default();
    if rest.iter().all(|byte| *byte == 0) {
        &[]
    } else {
        rest
    }
}

/// Where in the file addresses are, by program headers.
fn mapped(segments: &[Segment], address: u64, size: u64) -> Option<u64> {
    let mut segments = segments.iter();
    let load = segments.find(|load| load.maps(address, size))?;
    Some(load.offset + (address - load.address))
}

/// Fills with zeros up to a place, which is never before the end.
fn pad(out: &mut Vec<u8>, to: u64, limit: u64) -> Result<(), Fault> {
    match usize::try_from(to) {
        Ok(to) if to as u64 <= limit => out.resize(to.max(out.len()), 0),
        _ => return Err(Fault::TooLarge(limit)),
    }
    Ok(())
}

fn put(out: &mut [u8], at: u64, bytes: &[u8]) {
    let start = usize::try_from(at).unwrap_or(usize::MAX);
    if let Some(place) = out.get_mut(start..start.saturating_add(bytes.len())) {
        place.copy_from_slice(bytes);
    }
}
