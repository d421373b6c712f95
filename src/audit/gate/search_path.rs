//! No search path leads out of the volume, or lets the image's environment in.

use super::{Report, Volume};
use crate::audit::closure::expand;
use crate::audit::tree::Found;
use crate::spec::Libc;

const INSIDE: &str = "let it begin with `$ORIGIN`, and stay inside the volume";
const RUNPATH: &str = "turn DT_RUNPATH into DT_RPATH: an image's LD_LIBRARY_PATH goes before the one, and after the other";

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    let prefix = &volume.profile.prefix;
    for (file, facts) in volume.elves() {
        for element in facts.search_path() {
            match expand(element, file) {
                None if element.is_empty() => {
                    let message = "Looks for libraries in the working folder: its search path has an empty element";
                    report.error(file, message, INSIDE);
                }
                None => {
                    let message =
                        format!("Looks for libraries in `{element}`, which depends on the process");
                    report.error(file, message, INSIDE);
                }
                Some(path) => {
                    if matches!(
                        volume.tree.find(&path, prefix),
                        Found::Outside | Found::Loop
                    ) {
                        let message =
                            format!("Looks for libraries in `{element}`, outside of the volume");
                        report.error(file, message, INSIDE);
                    }
                }
            }
        }
        let beaten = facts.runpath.is_some() && !facts.needed.is_empty();
        if beaten && volume.profile.libc == Libc::Any {
            let message = "Has a DT_RUNPATH, so that `LD_LIBRARY_PATH` of the image can give it other libraries";
            report.error(file, message, RUNPATH);
        }
    }
}
