//! What a volume of which nothing is known must be, by what is in it.

use super::python::Python;
use super::tree::Content;
use super::{Libc, RUNTIME, Tree};
use crate::elf::Machine;
use crate::platform::Architecture;

/// What a volume seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detected {
    /// By the C runtime and the dynamic linker of its programs.
    pub libc: Libc,
    /// By its Python, or otherwise by most of its ELF files; none if it has none of a machine that is known.
    pub architecture: Option<Architecture>,
}

impl Tree {
    /// What the volume seems to be.
    pub fn detect(&self, prefix: &str) -> Detected {
        let python = Python::of(self, prefix).and_then(|python| python.program);
        let facts = |name: &str| {
            self.files().find_map(|(file, _, content)| match content {
                Content::Elf(facts) if file == name => Some(facts),
                _ => None,
            })
        };
        let architecture = python.and_then(facts).map(|facts| &facts.machine);
        let architecture = match architecture {
            Some(Machine::Known(architecture)) => Some(*architecture),
            _ => self.commonest(),
        };
        Detected {
            libc: self.libc(),
            architecture,
        }
    }

    fn libc(&self) -> Libc {
        let has_runtime = self
            .below(RUNTIME)
            .any(|(name, _)| name[RUNTIME.len() + 1..].starts_with("ld-"));
        if has_runtime {
            return Libc::Any;
        }
        let interpreters = self.files().filter_map(|(_, _, content)| match content {
            Content::Elf(facts) => facts.interpreter.as_deref(),
            _ => None,
        });
        let mut interpreters = interpreters.map(|path| path.contains("/ld-musl-"));
        if interpreters.any(|musl| musl) {
            Libc::Musl
        } else {
            Libc::Gnu
        }
    }

    fn commonest(&self) -> Option<Architecture> {
        let count = |wanted| {
            let files = self.files().filter(|(_, _, content)| match content {
                Content::Elf(facts) => facts.machine == Machine::Known(wanted),
                _ => false,
            });
            files.count()
        };
        let (amd64, arm64) = (count(Architecture::Amd64), count(Architecture::Arm64));
        (amd64 + arm64 > 0).then_some(if amd64 >= arm64 {
            Architecture::Amd64
        } else {
            Architecture::Arm64
        })
    }
}
