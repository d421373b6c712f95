//! What a file is, by its first bytes.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::path::Path;

use super::name;
use crate::elf::{self, ARCHIVE_MAGIC, Facts, Fault, Member};

/// As much of a script's first line as kernels read.
const HEAD: u64 = 256;

/// What is in a file.
#[derive(Clone, Debug)]
pub(in crate::audit) enum Content {
    /// A program, a library or an object.
    Elf(Box<Facts>),
    /// A static library, with its objects.
    Archive(Vec<Member>),
    /// Something that begins like one of these, and is damaged.
    Damaged(Fault),
    /// A script, with what follows `#!` in its first line.
    Script(String),
    /// Anything else.
    Other,
}

impl Content {
    /// Looks into a file.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut head = Vec::new();
        file.by_ref().take(HEAD).read_to_end(&mut head)?;
        file.rewind()?;
        if let Some(line) = head.strip_prefix(b"#!") {
            let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
            return Ok(Self::Script(name::shown(line).trim().to_owned()));
        }
        if head.starts_with(ARCHIVE_MAGIC) {
            return Ok(elf::members(file)?.map_or_else(Self::Damaged, Self::Archive));
        }
        if elf::machine(&head).is_none() {
            return Ok(Self::Other);
        }
        Ok(match elf::read(file)? {
            Ok(Some(facts)) => Self::Elf(Box::new(facts)),
            Ok(None) => Self::Other,
            Err(fault) => Self::Damaged(fault),
        })
    }
}
