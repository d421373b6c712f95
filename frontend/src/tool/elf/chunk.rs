//! Ranges of the file that stay whole: segments, and headers that lie in none.

use object::LittleEndian as LE;
use object::elf::{FileHeader64, PT_INTERP, PT_NULL, ProgramHeader64};

use super::fault::Fault;
use super::image::Image;
use super::room::Growth;

/// A range of the file, and where it goes.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    pub(super) start: u64,
    pub(super) end: u64,
    /// By whole multiples of this it moves.
    align: u64,
    /// What is put behind it.
    pub(super) growth: &'a [u8],
    pub(super) to: u64,
}

impl Chunk<'_> {
    /// A range that lies in the file.
    fn new(start: u64, size: u64, align: u64) -> Self {
        Self {
            start,
            end: start + size,
            align,
            growth: &[],
            to: 0,
        }
    }
}

/// The chunks of an image in their order, each as far ahead as its alignment lets it.
pub(super) fn plan<'a>(
    image: &Image<'_>,
    growth: Option<&'a Growth>,
    limit: u64,
) -> Result<Vec<Chunk<'a>>, Fault> {
    let mut chunks = merged(ranges(image));
    if let Some(growth) = growth {
        let load = &image.segments[growth.load];
        let end = load.file_end();
        if load.file_size == 0 {
            // It has a place behind all of the file; see `room`.
            chunks.push(Chunk::new(load.offset, 0, load.align));
        }
        // Where another segment has the same bytes of the file and more, none can grow.
        let chunk = chunks.iter_mut().find(|chunk| chunk.end == end);
        let chunk = chunk.ok_or(Fault::NoRoom(
            "more, since its segments overlap in the file",
        ))?;
        chunk.growth = &growth.bytes;
    }
    place(&mut chunks, true, limit)?;
    let programs = image.header.e_phoff.get(LE);
    let stays = |chunks: &[Chunk<'_>]| find(chunks, programs, 0) == Some(programs);
    if image.segment(PT_INTERP).is_some() && !stays(&chunks) {
        place(&mut chunks, false, limit)?;
        if !stays(&chunks) {
            return Err(Fault::HeadersMove);
        }
    }
    Ok(chunks)
}

/// Gives chunks their places, closing the gaps between them or keeping what is after one in its place.
fn place(chunks: &mut [Chunk<'_>], closes_gaps: bool, limit: u64) -> Result<(), Fault> {
    let mut end: u64 = 0;
    for chunk in chunks {
        if !closes_gaps {
            end = end.max(chunk.start);
        }
        let gap = chunk.start.wrapping_sub(end) & (chunk.align - 1);
        let size = chunk.end - chunk.start + chunk.growth.len() as u64;
        chunk.to = end.saturating_add(gap);
        end = chunk.to.saturating_add(size);
        if end > limit {
            return Err(Fault::TooLarge(limit));
        }
    }
    Ok(())
}

/// Where a range of the old file is in the new one, if it lies in a chunk.
pub(super) fn find(chunks: &[Chunk<'_>], offset: u64, size: u64) -> Option<u64> {
    let after = chunks.partition_point(|chunk| chunk.start <= offset);
    let chunk = chunks.get(after.checked_sub(1)?)?;
    let inside = offset.checked_add(size)? <= chunk.end;
    inside.then(|| chunk.to + (offset - chunk.start))
}

fn ranges<'a>(image: &Image<'_>) -> Vec<Chunk<'a>> {
    let programs = (image.segments.len() * size_of::<ProgramHeader64<LE>>()) as u64;
    let mut chunks = vec![
        Chunk::new(0, size_of::<FileHeader64<LE>>() as u64, 1),
        Chunk::new(image.header.e_phoff.get(LE), programs, 1),
    ];
    for segment in &image.segments {
        let mapped = || image.offset(segment.address, segment.file_size).is_some();
        // What is mapped moves with the segment that maps it, and what moved was never here.
        let elsewhere = segment.kind == PT_NULL || segment.moved || mapped();
        let apart = segment.is_load() || !elsewhere;
        if apart && segment.file_size > 0 && fits(image, segment.offset, segment.file_size) {
            let align = if segment.is_load() { segment.align } else { 8 };
            chunks.push(Chunk::new(segment.offset, segment.file_size, align));
        }
    }
    chunks.sort_by_key(|chunk| (chunk.start, chunk.end));
    chunks
}

fn fits(image: &Image<'_>, start: u64, size: u64) -> bool {
    start
        .checked_add(size)
        .is_some_and(|end| end <= image.bytes.len() as u64)
}

/// Ranges that share bytes stay together.
fn merged(ranges: Vec<Chunk<'_>>) -> Vec<Chunk<'_>> {
    let mut chunks: Vec<Chunk<'_>> = Vec::new();
    for range in ranges {
        match chunks.last_mut() {
            Some(last) if range.start < last.end => {
                last.end = last.end.max(range.end);
                last.align = last.align.max(range.align);
            }
            _ => chunks.push(range),
        }
    }
    chunks
}
