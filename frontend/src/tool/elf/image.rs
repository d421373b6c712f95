//! Reads the headers of an ELF file, and refuses what no loader would take.

use std::borrow::Cow;

use object::LittleEndian as LE;
use object::elf::{
    ELFCLASS64, ELFDATA2LSB, ELFMAG, ET_DYN, ET_EXEC, FileHeader64, PT_INTERP, PT_NULL,
    ProgramHeader64, ProgramType, SectionHeader64,
};
use object::pod::{from_bytes, slice_from_bytes};

use super::fault::Fault;
use super::section::Section;
use super::segment::Segment;

/// Linux refuses a table of program headers larger than a page of 64 KiB.
const SEGMENTS: u64 = 0xffff / size_of::<ProgramHeader64<LE>>() as u64;
/// From here on the count is elsewhere, which no linked file needs.
const SECTIONS: u64 = 0xff00;

/// A linked ELF file: its bytes, and its headers apart from them.
#[derive(Clone, Debug)]
pub(super) struct Image<'a> {
    /// As in the file, but for what [`Image::patch`] changed.
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) header: FileHeader64<LE>,
    pub(super) segments: Vec<Segment>,
    pub(super) sections: Vec<Section>,
}

impl<'a> Image<'a> {
    /// Reads a program or library; none for any other file, and for objects that are not linked yet.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Option<Self>, Fault> {
        if !bytes.starts_with(&ELFMAG) {
            return Ok(None);
        }
        let kind = |index, wanted, fault| match bytes.get(index) {
            Some(found) if *found == wanted => Ok(()),
            Some(_) => Err(Fault::Kind(fault)),
            None => Err(Fault::Damaged("its header is cut off")),
        };
        kind(4, ELFCLASS64.0, "it is not of 64 bits")?;
        kind(5, ELFDATA2LSB.0, "it is not little-endian")?;
        let (header, _) = from_bytes::<FileHeader64<LE>>(bytes)
            .map_err(|()| Fault::Damaged("its header is cut off"))?;
        if ![ET_DYN, ET_EXEC].contains(&header.e_type.get(LE)) {
            return Ok(None);
        }
        let image = Self {
            bytes: Cow::Borrowed(bytes),
            header: *header,
            segments: segments(bytes, header)?,
            sections: sections(bytes, header)?,
        };
        Ok(Some(image))
    }

    pub(super) fn loads(&self) -> impl DoubleEndedIterator<Item = (usize, &Segment)> {
        let segments = self.segments.iter().enumerate();
        segments.filter(|(_, segment)| segment.is_load())
    }

    pub(super) fn segment(&self, kind: ProgramType) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.kind == kind)
    }

    pub(super) fn segment_mut(&mut self, kind: ProgramType) -> Option<&mut Segment> {
        self.segments
            .iter_mut()
            .find(|segment| segment.kind == kind)
    }

    /// Where in the file these addresses are.
    pub(super) fn offset(&self, address: u64, size: u64) -> Option<u64> {
        let mut loads = self.loads();
        let (_, load) = loads.find(|(_, load)| load.maps(address, size))?;
        Some(load.offset + (address - load.address))
    }

    /// What is loaded at these addresses.
    pub(super) fn loaded(&self, address: u64, size: u64) -> Option<&[u8]> {
        let start = self.offset(address, size)?;
        slice(&self.bytes, start, size)
    }

    /// Puts other bytes at an offset of the file; those that were read there before are so many.
    pub(super) fn patch(&mut self, offset: u64, bytes: &[u8]) {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(bytes.len());
        if let Some(place) = self.bytes.to_mut().get_mut(start..end) {
            place.copy_from_slice(bytes);
        }
    }

    /// The program that the kernel starts for it, as its text.
    pub(super) fn interpreter(&self) -> Result<Option<&str>, Fault> {
        let Some(segment) = self.segment(PT_INTERP) else {
            return Ok(None);
        };
        let bytes = slice(&self.bytes, segment.offset, segment.file_size).unwrap_or_default();
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = std::str::from_utf8(text)
            .map_err(|_| Fault::Damaged("its interpreter's name is no text"))?;
        Ok(Some(text))
    }
}

fn segments(bytes: &[u8], header: &FileHeader64<LE>) -> Result<Vec<Segment>, Fault> {
    let count = header.e_phnum.get(LE).into();
    if count > SEGMENTS {
        let what = "program headers";
        return Err(Fault::TooMany { what, count });
    }
    let size = size_of::<ProgramHeader64<LE>>();
    let damaged = Fault::Damaged("its program headers lie outside of it");
    if count > 0 && usize::from(header.e_phentsize.get(LE)) != size {
        return Err(damaged);
    }
    let raw = slice(bytes, header.e_phoff.get(LE), count * size as u64).ok_or(damaged)?;
    let (raw, _) = slice_from_bytes::<ProgramHeader64<LE>>(raw, raw.len() / size)
        .map_err(|()| Fault::Damaged("its program headers lie outside of it"))?;
    let segments: Vec<_> = raw.iter().map(Segment::decode).collect();
    let mut end = 0;
    for segment in segments.iter().filter(|segment| segment.kind != PT_NULL) {
        if segment.file_size > 0 && slice(bytes, segment.offset, segment.file_size).is_none() {
            return Err(Fault::Damaged("a segment lies outside of it"));
        }
        if segment.is_load() {
            let distance = segment.address.wrapping_sub(segment.offset);
            let memory_end = segment.address.checked_add(segment.memory_size);
            match memory_end {
                Some(memory_end)
                    if segment.address >= end
                        && segment.align.is_power_of_two()
                        && distance & (segment.align - 1) == 0
                        && segment.file_size <= segment.memory_size =>
                {
                    end = memory_end;
                }
                _ => return Err(Fault::Damaged("its segments cannot be loaded")),
            }
        }
    }
    Ok(segments)
}

fn sections(bytes: &[u8], header: &FileHeader64<LE>) -> Result<Vec<Section>, Fault> {
    let count: u64 = header.e_shnum.get(LE).into();
    let offset = header.e_shoff.get(LE);
    if count >= SECTIONS || (count == 0 && offset != 0) {
        let what = "sections";
        return Err(Fault::TooMany { what, count });
    }
    let size = size_of::<SectionHeader64<LE>>();
    let damaged = Fault::Damaged("its section headers lie outside of it");
    if count > 0 && usize::from(header.e_shentsize.get(LE)) != size {
        return Err(damaged);
    }
    let raw = slice(bytes, offset, count * size as u64).ok_or(damaged)?;
    let (raw, _) = slice_from_bytes::<SectionHeader64<LE>>(raw, raw.len() / size)
        .map_err(|()| Fault::Damaged("its section headers lie outside of it"))?;
    let sections: Vec<_> = raw.iter().map(Section::decode).collect();
    for section in &sections {
        let size = section.file_size();
        if size > 0 && slice(bytes, section.offset, size).is_none() {
            return Err(Fault::Damaged("a section lies outside of it"));
        }
    }
    Ok(sections)
}

/// A range of the file, if all of it is there.
pub(super) fn slice(bytes: &[u8], start: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    let size = usize::try_from(size).ok()?;
    bytes.get(start..start.checked_add(size)?)
}
