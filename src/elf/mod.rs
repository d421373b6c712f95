//! Read-only facts of one ELF file: what it is for, and what it asks of a dynamic linker.
//!
//! The bytes come from outside. What is read is capped, damage is an error, and nothing panics. Everything is found
//! as a dynamic linker finds it, by segments: section tables may be stripped, or lie.

mod archive;
mod dynamic;
mod machine;
mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;

use object::LittleEndian;
use object::elf::{
    ET_DYN, ET_EXEC, ET_REL, FileHeader64, PF_X, PT_DYNAMIC, PT_GNU_STACK, PT_INTERP, SHT_SYMTAB,
};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::read::{ReadCache, ReadRef};

pub use archive::{MAGIC as ARCHIVE_MAGIC, Member, members};
pub use machine::{Machine, machine};

/// More than any file of a volume has. A larger one is not looked into.
pub const LARGEST: u64 = 512 << 20;
/// More segments than any linker writes.
const SEGMENTS: u32 = 512;
/// More sections than are worth looking at.
const SECTIONS: u32 = 1 << 16;
/// Longer than any path that a kernel takes.
const PATH: u64 = 4096;

/// What kind of file it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// An object, for a linker to link.
    Object,
    /// A program that has its fixed place in memory.
    Program,
    /// A library, or a program that has no fixed place.
    Shared,
    /// Something else, such as a core dump.
    #[default]
    Other,
}

/// Whether a file asks for a stack that can be executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stack {
    /// It says that it needs none.
    Plain,
    /// It says that it needs one.
    Executable,
    /// It says nothing, for which old dynamic linkers take the architecture's default: one that can be executed.
    #[default]
    Unsaid,
}

/// What is known of one file. Text that is not UTF-8 is shown with replacement characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What it is for.
    pub machine: Machine,
    /// What kind of file it is.
    pub kind: Kind,
    /// The dynamic linker that the kernel starts for it.
    pub interpreter: Option<String>,
    /// Whether there is a dynamic section: without one, no dynamic linker does anything for it.
    pub dynamic: bool,
    /// The libraries that it needs, in its own order.
    pub needed: Vec<String>,
    /// The search path that its dependencies inherit, as it stands in the file.
    pub rpath: Option<String>,
    /// The search path for its own needs only. If there is one, `rpath` is ignored.
    pub runpath: Option<String>,
    /// The name under which others need it.
    pub soname: Option<String>,
    /// The symbol versions that it needs, by library. Those that it can do without are left out.
    pub requires: BTreeMap<String, BTreeSet<String>>,
    /// The symbol versions that it has.
    pub provides: BTreeSet<String>,
    /// Whether its code must be changed to be loaded.
    pub text_relocations: bool,
    /// What it says of the stack.
    pub stack: Stack,
    /// Whether a symbol table is left that only debuggers read.
    pub symbol_table: bool,
}

/// Why a file that begins like ELF cannot be read as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The header or a table lies outside of the file, or is cut off.
    #[error("its {0} is cut off or damaged")]
    Damaged(&'static str),
    /// More than a real file has.
    #[error("it has too many {0}")]
    TooMany(&'static str),
    /// Not looked into.
    #[error("it is larger than {} MiB", LARGEST >> 20)]
    TooLarge,
}

impl Facts {
    /// Facts of a file of which only the machine is known.
    fn of(machine: Machine) -> Self {
        Self {
            machine,
            kind: Kind::Other,
            interpreter: None,
            dynamic: false,
            needed: Vec::new(),
            rpath: None,
            runpath: None,
            soname: None,
            requires: BTreeMap::new(),
            provides: BTreeSet::new(),
            text_relocations: false,
            stack: Stack::Unsaid,
            symbol_table: false,
        }
    }

    /// Whether it is started by the kernel and completed by a dynamic linker. (The C library is a library, and has an
    /// interpreter all the same.)
    pub fn is_program(&self) -> bool {
        self.interpreter.is_some() && self.soname.is_none()
    }

    /// The search path that counts: the elements of `runpath` if there is one, otherwise those of `rpath`.
    pub fn search_path(&self) -> impl Iterator<Item = &str> {
        let path = self.runpath.as_deref().or(self.rpath.as_deref());
        path.into_iter().flat_map(|path| path.split(':'))
    }
}

/// The facts of a whole file in memory; none if it is no ELF file.
pub fn parse(bytes: &[u8]) -> Result<Option<Facts>, Fault> {
    facts(bytes)
}

/// The facts of an open file, of which only what is needed is read; none if it is no ELF file.
pub fn read(file: File) -> io::Result<Result<Option<Facts>, Fault>> {
    if file.metadata()?.len() > LARGEST {
        return Ok(Err(Fault::TooLarge));
    }
    Ok(facts(&ReadCache::new(file)))
}

fn facts<'data, R: ReadRef<'data>>(data: R) -> Result<Option<Facts>, Fault> {
    let size = data.len().unwrap_or_default().min(machine::HEAD as u64);
    let head = data
        .read_bytes_at(0, size)
        .map_err(|()| Fault::Damaged("header"))?;
    let Some(machine) = machine(head) else {
        return Ok(None);
    };
    let mut facts = Facts::of(machine);
    if matches!(facts.machine, Machine::Other(_)) {
        return Ok(Some(facts));
    }
    let damaged = |what| move |_| Fault::Damaged(what);
    let header = FileHeader64::<LittleEndian>::parse(data).map_err(damaged("header"))?;
    facts.kind = match header.e_type(LittleEndian) {
        ET_REL => Kind::Object,
        ET_EXEC => Kind::Program,
        ET_DYN => Kind::Shared,
        _ => Kind::Other,
    };
    if header
        .phnum(LittleEndian, data)
        .map_err(damaged("header"))?
        > SEGMENTS
    {
        return Err(Fault::TooMany("segments"));
    }
    let segments = header
        .program_headers(LittleEndian, data)
        .map_err(damaged("program header"))?;
    for segment in segments {
        match segment.p_type(LittleEndian) {
            PT_INTERP => {
                let (offset, size) = segment.file_range(LittleEndian);
                let name = data
                    .read_bytes_at(offset, size.min(PATH))
                    .map_err(|()| Fault::Damaged("interpreter"))?;
                let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
                facts.interpreter = Some(String::from_utf8_lossy(name).into_owned());
            }
            PT_GNU_STACK => {
                let executable = segment.p_flags(LittleEndian).contains(PF_X);
                facts.stack = if executable {
                    Stack::Executable
                } else {
                    Stack::Plain
                };
            }
            PT_DYNAMIC => facts.dynamic = true,
            _ => {}
        }
    }
    if facts.dynamic {
        dynamic::read(data, segments, &mut facts)?;
    }
    // A section table is only a courtesy in a file that is run, so that a damaged one is none.
    let count = header.shnum(LittleEndian, data).unwrap_or_default();
    if count <= SECTIONS {
        let sections = header.section_headers(LittleEndian, data);
        let mut sections = sections.unwrap_or_default().iter();
        facts.symbol_table = sections.any(|section| section.sh_type(LittleEndian) == SHT_SYMTAB);
    }
    Ok(Some(facts))
}

#[cfg(test)]
mod tests;
