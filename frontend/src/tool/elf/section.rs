//! A section header: what tools know of a range of the file. No loader reads it.

use object::elf::{SHF_ALLOC, SHT_NOBITS, SectionFlags, SectionHeader64, SectionType};
use object::{LittleEndian as LE, U32, U64};

/// A section header.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    pub(super) name: u32,
    pub(super) kind: SectionType,
    pub(super) flags: SectionFlags,
    pub(super) address: u64,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) link: u32,
    pub(super) info: u32,
    pub(super) align: u64,
    pub(super) entry_size: u64,
    /// Its address was changed, and its offset follows from that.
    pub(super) moved: bool,
}

impl Section {
    pub(super) fn decode(raw: &SectionHeader64<LE>) -> Self {
        Self {
            name: raw.sh_name.get(LE),
            kind: raw.sh_type.get(LE),
            flags: raw.sh_flags.get(LE),
            address: raw.sh_addr.get(LE),
            offset: raw.sh_offset.get(LE),
            size: raw.sh_size.get(LE),
            link: raw.sh_link.get(LE),
            info: raw.sh_info.get(LE),
            align: raw.sh_addralign.get(LE),
            entry_size: raw.sh_entsize.get(LE),
            moved: false,
        }
    }

    pub(super) fn encode(&self) -> SectionHeader64<LE> {
        SectionHeader64 {
            sh_name: U32::new(LE, self.name),
            sh_type: U32::new(LE, self.kind),
            sh_flags: U64::new(LE, self.flags),
            sh_addr: U64::new(LE, self.address),
            sh_offset: U64::new(LE, self.offset),
            sh_size: U64::new(LE, self.size),
            sh_link: U32::new(LE, self.link),
            sh_info: U32::new(LE, self.info),
            sh_addralign: U64::new(LE, self.align),
            sh_entsize: U64::new(LE, self.entry_size),
        }
    }

    /// Whether it has an address in memory.
    pub(super) fn is_alloc(&self) -> bool {
        self.flags.0 & SHF_ALLOC.0 != 0
    }

    /// How many bytes of the file it has.
    pub(super) fn file_size(&self) -> u64 {
        if self.kind == SHT_NOBITS {
            0
        } else {
            self.size
        }
    }
}
