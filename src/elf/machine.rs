//! The machine that a file is for, which its first bytes say.

use std::fmt;

use object::elf::{self, ELFCLASS64, ELFDATA2LSB, ELFMAG};

use crate::platform::Architecture;

/// Bytes of a file that say its machine.
pub(super) const HEAD: usize = 20;

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Machine {
    /// One that volumes are built for.
    Known(Architecture),
    /// Any other, in words.
    Other(String),
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(architecture) => f.write_str(architecture.machine()),
            Self::Other(words) => f.write_str(words),
        }
    }
}

/// The machine of a file that begins with `head`; none if that is no ELF file. Twenty bytes are enough.
pub fn machine(head: &[u8]) -> Option<Machine> {
    if !head.starts_with(&ELFMAG) {
        return None;
    }
    let other = |words: String| Some(Machine::Other(words));
    let Some(head) = head.first_chunk::<HEAD>() else {
        return other("no machine (its ELF header is damaged)".to_owned());
    };
    let bytes = [head[18], head[19]];
    let little = head[5] == ELFDATA2LSB.0;
    let number = if little {
        u16::from_le_bytes(bytes)
    } else {
        u16::from_be_bytes(bytes)
    };
    if head[4] != ELFCLASS64.0 {
        return other(format!("a 32-bit machine (ELF machine {number})"));
    }
    match elf::Machine(number) {
        elf::EM_X86_64 if little => Some(Machine::Known(Architecture::Amd64)),
        elf::EM_AARCH64 if little => Some(Machine::Known(Architecture::Arm64)),
        _ => other(format!("ELF machine {number}")),
    }
}
