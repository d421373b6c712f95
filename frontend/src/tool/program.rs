//! Programs and libraries on their way into a volume: they are told where its C runtime is, and lose what no loader
//! reads.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::elf::{self, Change};
use super::step::Portable;

/// How programs and libraries begin.
pub(super) const MAGIC: &[u8] = &object::elf::ELFMAG;
/// Bytes that one may have. Some wheels ship whole programs as scripts, which are held in memory as well.
pub(super) const LONGEST: u64 = 512 << 20;

/// What becomes of the programs and libraries of a volume.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rewriter<'a> {
    /// The volume's own C runtime, if it has one.
    pub(super) portable: Option<&'a Portable>,
    /// Whether symbols are taken off.
    pub(super) strip: bool,
}

/// Why a file could not be rewritten.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is of a form that cannot be rewritten.
    #[error(transparent)]
    Form(#[from] elf::Fault),
    /// It is too large.
    #[error("It has more than {LONGEST} bytes")]
    TooLarge,
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Rewriter<'_> {
    /// Whether any file may change.
    pub(super) fn changes(&self) -> bool {
        self.portable.is_some() || self.strip
    }

    /// The file at `path`, relative to the volume, as it is to be; none if it stays as it is.
    pub(super) fn rewrite(&self, path: &str, bytes: &[u8]) -> Result<Option<Vec<u8>>, elf::Fault> {
        let change = match self.portable {
            Some(portable) => Change::for_file(path, bytes, portable)?,
            None => Change::default(),
        };
        let strip = self.strip;
        elf::rewrite(bytes, &Change { strip, ..change })
    }

    /// Rewrites every program and library beneath `root`, in place. The path in an error is relative to it.
    pub(super) fn tree(&self, root: &Path) -> Result<(), (String, Fault)> {
        if !self.changes() {
            return Ok(());
        }
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let failed = |path: &Path| {
                let path = path.display().to_string();
                move |error: io::Error| (path, Fault::from(error))
            };
            for entry in std::fs::read_dir(root.join(&folder)).map_err(failed(&folder))? {
                let entry = entry.map_err(failed(&folder))?;
                let path = folder.join(entry.file_name());
                let kind = entry.file_type().map_err(failed(&path))?;
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    let name = path.display().to_string();
                    self.file(root, &name).map_err(|fault| (name, fault))?;
                }
            }
        }
        Ok(())
    }

    fn file(&self, root: &Path, name: &str) -> Result<(), Fault> {
        let path = root.join(name);
        let mut file = File::open(&path)?;
        let mut bytes = Vec::new();
        (&mut file)
            .take(MAGIC.len() as u64)
            .read_to_end(&mut bytes)?;
        if bytes != MAGIC {
            return Ok(());
        }
        file.take(LONGEST).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST {
            return Err(Fault::TooLarge);
        }
        if let Some(rewritten) = self.rewrite(name, &bytes)? {
            std::fs::write(&path, rewritten)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_program_is_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::create_dir(temp.path().join("bin")).unwrap();
        std::fs::write(temp.path().join("bin/short"), "\x7fE").unwrap();
        std::fs::write(temp.path().join("bin/script"), "#!/bin/sh\n").unwrap();
        let rewriter = Rewriter {
            portable: None,
            strip: true,
        };
        rewriter.tree(temp.path()).unwrap();
        let script = std::fs::read(temp.path().join("bin/script")).unwrap();
        assert_eq!(script, b"#!/bin/sh\n");
    }

    #[test]
    fn a_damaged_program_is_named() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(temp.path().join("bad"), b"\x7fELF\x02\x01\x01").unwrap();
        let rewriter = Rewriter {
            portable: None,
            strip: true,
        };
        let (name, fault) = rewriter.tree(temp.path()).unwrap_err();
        assert_eq!(name, "bad");
        assert!(matches!(fault, Fault::Form(_)), "{fault}");
    }
}
