//! Small libraries and programs for tests, laid out as linkers and their editors do it.

use object::LittleEndian as LE;
use object::elf::{
    self, DT_FLAGS_1, DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRSZ, DT_STRTAB, DynamicTag,
    FileHeader64, Ident, ProgramHeader64, SectionFlags, SectionHeader64,
};
use object::pod::{bytes_of, bytes_of_slice};
use object::{U16, U32, U64};

use super::dynamic::Dynamic;
use super::section::Section;
use super::segment::Segment;

const PAGE: u64 = 4096;
/// What the data segment has behind its dynamic section.
pub(super) const DATA: [u8; 400] = [0xda; 400];
/// What a debugger would read.
pub(super) const DEBUG: [u8; 9000] = [0xdb; 9000];
/// What a program would look for in itself.
pub(super) const OWN: [u8; 50] = [0x0e; 50];

/// What to build.
#[derive(Clone, Debug)]
pub(super) struct Fixture {
    pub(super) interpreter: Option<&'static str>,
    pub(super) needed: Vec<&'static str>,
    pub(super) rpath: Option<&'static str>,
    pub(super) runpath: Option<&'static str>,
    /// `DT_FLAGS_1`.
    pub(super) flags: u64,
    /// Free entries of the dynamic section.
    pub(super) spare: usize,
    /// Zeroed memory.
    pub(super) zeroed: u64,
    /// No address is free behind the segment of the names.
    pub(super) full: bool,
    /// What a debugger reads lies between the segments, as where an editor appended one of them.
    pub(super) edited: bool,
    /// Behind everything.
    pub(super) appended: &'static [u8],
}

impl Fixture {
    /// A library that needs the C library.
    pub(super) fn library() -> Self {
        Self {
            interpreter: None,
            needed: vec!["libc.so.6"],
            rpath: None,
            runpath: None,
            flags: 0,
            spare: 2,
            zeroed: 5000,
            full: false,
            edited: false,
            appended: b"",
        }
    }

    /// A program with an interpreter.
    pub(super) fn program() -> Self {
        Self {
            interpreter: Some("/lib64/ld.so"),
            ..Self::library()
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a file from its first byte to its last"
    )]
    pub(super) fn build(&self) -> Vec<u8> {
        let mut names = b"\0".to_vec();
        let mut entries: Vec<(DynamicTag, u64)> = Vec::new();
        let needed = self.needed.iter().map(|name| (DT_NEEDED, *name));
        let paths = [
            (DT_SONAME, Some("it.so")),
            (DT_RPATH, self.rpath),
            (DT_RUNPATH, self.runpath),
        ];
        let paths = paths
            .into_iter()
            .filter_map(|(tag, name)| Some((tag, name?)));
        for (tag, name) in needed.chain(paths) {
            entries.push((tag, names.len() as u64));
            push(&mut names, name);
        }
        let count = if self.interpreter.is_some() { 5 } else { 4 };
        let names_at = 64 + 56 * count;
        entries.push((DT_STRTAB, names_at));
        entries.push((DT_STRSZ, names.len() as u64));
        entries.push((DT_FLAGS_1, self.flags));

        let mut out = vec![0; usize_of(names_at)];
        out.extend(&names);
        let interpreter_at = out.len() as u64;
        if let Some(interpreter) = self.interpreter {
            push(&mut out, interpreter);
        }
        let interpreter_size = out.len() as u64 - interpreter_at;
        if self.full {
            out.resize(usize_of(PAGE), 0x5e);
        }
        let first_size = out.len() as u64;
        let mut debug_at = 0;
        if self.edited {
            debug_at = out.len() as u64;
            out.extend(DEBUG);
        }
        let data_at = (out.len() as u64).next_multiple_of(PAGE);
        let data_address = first_size.next_multiple_of(PAGE);
        out.resize(usize_of(data_at), 0);
        let dynamic = Dynamic {
            capacity: entries.len() + 1 + self.spare,
            entries,
            address: data_address,
            names_at,
            names: Vec::new(),
        };
        let table = dynamic.encode(dynamic.capacity);
        out.extend(&table);
        out.extend(DATA);
        let data_size = out.len() as u64 - data_at;
        if !self.edited {
            debug_at = out.len() as u64;
            out.extend(DEBUG);
        }
        let own_at = out.len() as u64;
        out.extend(OWN);

        let load = |flags: elf::ProgramFlags, offset, address, size, memory_size| Segment {
            kind: elf::PT_LOAD,
            flags,
            offset,
            address,
            physical: address,
            file_size: size,
            memory_size,
            align: PAGE,
            moved: false,
        };
        let memory_size = data_size + self.zeroed;
        let first = load(elf::PF_R, 0, 0, first_size, first_size);
        let data = load(
            elf::PF_R | elf::PF_W,
            data_at,
            data_address,
            data_size,
            memory_size,
        );
        let within = |kind, offset, address, size| Segment {
            kind,
            align: 1,
            ..load(elf::PF_R, offset, address, size, size)
        };
        let table_size = table.len() as u64;
        let mut segments = vec![first, data];
        segments.push(within(elf::PT_DYNAMIC, data_at, data_address, table_size));
        segments.push(within(elf::PT_GNU_STACK, 0, 0, 0));
        if self.interpreter.is_some() {
            let (at, size) = (interpreter_at, interpreter_size);
            segments.push(within(elf::PT_INTERP, at, at, size));
        }

        let zeroed_at = data_address + data_size;
        let (data_file, data_memory) = (data_at + table_size, data_address + table_size);
        let names_size = names.len() as u64;
        let own_size = OWN.len() as u64;
        let end = out.len() as u64;
        let rows = [
            (
                ".dynstr",
                elf::SHT_STRTAB,
                names_at,
                names_at,
                names_size,
                0,
            ),
            (
                ".dynamic",
                elf::SHT_DYNAMIC,
                data_address,
                data_at,
                table_size,
                1,
            ),
            (
                ".data",
                elf::SHT_PROGBITS,
                data_memory,
                data_file,
                DATA.len() as u64,
                0,
            ),
            (
                ".bss",
                elf::SHT_NOBITS,
                zeroed_at,
                data_at + data_size,
                self.zeroed,
                0,
            ),
            (".debug_info", elf::SHT_PROGBITS, 0, debug_at, 8000, 0),
            (".symtab", elf::SHT_SYMTAB, 0, debug_at + 8000, 480, 7),
            (".strtab", elf::SHT_STRTAB, 0, debug_at + 8480, 520, 0),
            (".own", elf::SHT_PROGBITS, 0, own_at, own_size, 0),
            (
                ".interp",
                elf::SHT_PROGBITS,
                interpreter_at,
                interpreter_at,
                interpreter_size,
                0,
            ),
            (".shstrtab", elf::SHT_STRTAB, 0, end, 0, 0),
        ];
        let mut section_names = b"\0".to_vec();
        let mut sections = vec![Section::default()];
        for (name, kind, address, offset, size, link) in rows {
            let flags = if address > 0 {
                elf::SHF_ALLOC
            } else {
                SectionFlags(0)
            };
            sections.push(Section {
                name: u32::try_from(section_names.len()).expect("few names"),
                kind,
                flags,
                address,
                offset,
                size,
                link,
                align: 1,
                ..Section::default()
            });
            push(&mut section_names, name);
        }
        if let Some(last) = sections.last_mut() {
            last.size = section_names.len() as u64;
        }
        out.extend(&section_names);
        let sections_at = (out.len() as u64).next_multiple_of(8);
        out.resize(usize_of(sections_at), 0);
        let raw: Vec<SectionHeader64<LE>> = sections.iter().map(Section::encode).collect();
        out.extend(bytes_of_slice(&raw));
        out.extend(self.appended);

        let raw: Vec<ProgramHeader64<LE>> = segments.iter().map(Segment::encode).collect();
        let raw = bytes_of_slice(&raw);
        out[64..64 + raw.len()].copy_from_slice(raw);
        let header = header(segments.len(), sections_at, sections.len());
        out[..64].copy_from_slice(bytes_of(&header));
        out
    }
}

fn header(segments: usize, sections_at: u64, sections: usize) -> FileHeader64<LE> {
    let short = |count: usize| u16::try_from(count).expect("few headers");
    FileHeader64 {
        e_ident: Ident {
            magic: elf::ELFMAG,
            class: elf::ELFCLASS64,
            data: elf::ELFDATA2LSB,
            version: elf::EV_CURRENT,
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            padding: [0; 7],
        },
        e_type: U16::new(LE, elf::ET_DYN),
        e_machine: U16::new(LE, elf::EM_X86_64),
        e_version: U32::new(LE, 1),
        e_entry: U64::new(LE, 0),
        e_phoff: U64::new(LE, 64),
        e_shoff: U64::new(LE, sections_at),
        e_flags: U32::new(LE, elf::FileFlags(0)),
        e_ehsize: U16::new(LE, 64),
        e_phentsize: U16::new(LE, 56),
        e_phnum: U16::new(LE, short(segments)),
        e_shentsize: U16::new(LE, 64),
        e_shnum: U16::new(LE, short(sections)),
        e_shstrndx: U16::new(LE, elf::SymbolSection(short(sections - 1))),
    }
}

fn push(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(text.as_bytes());
    bytes.push(0);
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).expect("a small file")
}
