//! A program header: a range of the file, and where it is in memory.

use object::elf::{PF_W, PT_LOAD, ProgramFlags, ProgramHeader64, ProgramType};
use object::{LittleEndian as LE, U32, U64};

/// A program header.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) kind: ProgramType,
    pub(super) flags: ProgramFlags,
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) physical: u64,
    pub(super) file_size: u64,
    pub(super) memory_size: u64,
    /// At least 1.
    pub(super) align: u64,
    /// Its address was changed, and its offset follows from that.
    pub(super) moved: bool,
}

impl Segment {
    pub(super) fn decode(raw: &ProgramHeader64<LE>) -> Self {
        Self {
            kind: raw.p_type.get(LE),
            flags: raw.p_flags.get(LE),
            offset: raw.p_offset.get(LE),
            address: raw.p_vaddr.get(LE),
            physical: raw.p_paddr.get(LE),
            file_size: raw.p_filesz.get(LE),
            memory_size: raw.p_memsz.get(LE),
            align: raw.p_align.get(LE).max(1),
            moved: false,
        }
    }

    pub(super) fn encode(&self) -> ProgramHeader64<LE> {
        ProgramHeader64 {
            p_type: U32::new(LE, self.kind),
            p_flags: U32::new(LE, self.flags),
            p_offset: U64::new(LE, self.offset),
            p_vaddr: U64::new(LE, self.address),
            p_paddr: U64::new(LE, self.physical),
            p_filesz: U64::new(LE, self.file_size),
            p_memsz: U64::new(LE, self.memory_size),
            p_align: U64::new(LE, self.align),
        }
    }

    pub(super) fn is_load(&self) -> bool {
        self.kind == PT_LOAD
    }

    pub(super) fn is_writable(&self) -> bool {
        self.flags.0 & PF_W.0 != 0
    }

    /// Where its bytes in the file end. Segments that were read do not overflow.
    pub(super) fn file_end(&self) -> u64 {
        self.offset.saturating_add(self.file_size)
    }

    /// Whether the loader maps all of these addresses from the file.
    pub(super) fn maps(&self, address: u64, size: u64) -> bool {
        self.is_load()
            && address >= self.address
            && (address - self.address)
                .checked_add(size)
                .is_some_and(|end| end <= self.file_size)
    }
}
