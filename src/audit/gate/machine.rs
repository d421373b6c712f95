//! Every program, library and object is whole and for the target's machine.

use super::{Report, Volume};
use crate::audit::tree::Content;
use crate::elf::Machine;

const FOREIGN: &str = "give the input of this architecture, or leave the file out";
const DAMAGED: &str = "build the file again, or leave it out";

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    let wanted = volume.profile.architecture;
    let mut compare = |file: &str, found: &Machine| {
        if *found != Machine::Known(wanted) {
            let message = format!("Is for {found}, and the target is {}", wanted.machine());
            report.error(file, message, FOREIGN);
        }
    };
    for (file, _, content) in volume.tree.files() {
        match content {
            Content::Elf(facts) => compare(file, &facts.machine),
            Content::Archive(members) => {
                for member in members {
                    compare(&format!("{file}({})", member.name), &member.machine);
                }
            }
            _ => {}
        }
    }
    for (file, _, content) in volume.tree.files() {
        if let Content::Damaged(fault) = content {
            report.error(
                file,
                format!("Cannot be read as a binary: {fault}"),
                DAMAGED,
            );
        }
    }
}
