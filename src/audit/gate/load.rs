//! Programs and libraries load without changes of their code or an executable stack.

use super::{Report, Volume};
use crate::elf::{Kind, Stack};

const RELOCATION: &str = "build it with `-fPIC`: hardened kernels do not load it";
const STACK: &str =
    "build it with `-z noexecstack`: hardened kernels and new C libraries do not load it";
const UNSAID: &str =
    "give it a PT_GNU_STACK segment: without one, threads get stacks that can be executed";

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    for (file, facts) in volume.elves() {
        if facts.text_relocations {
            report.error(
                file,
                "Must be changed in memory to be loaded: it has text relocations",
                RELOCATION,
            );
        }
        let loaded = facts.kind == Kind::Shared || facts.interpreter.is_some();
        match facts.stack {
            Stack::Executable if loaded || facts.kind == Kind::Program => {
                report.warning(file, "Asks for an executable stack", STACK);
            }
            Stack::Unsaid if loaded && facts.dynamic => {
                report.warning(
                    file,
                    "Does not say that its stack need not be executable",
                    UNSAID,
                );
            }
            _ => {}
        }
    }
}
