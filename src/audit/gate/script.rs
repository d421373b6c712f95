//! No script needs a program of the image.

use super::{Report, Volume};
use crate::audit::tree::Content;

const SHEBANG: &str = "let its first line name a program of the volume, or leave it out";

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    for (file, _, content) in volume.tree.files() {
        let Content::Script(line) = content else {
            continue;
        };
        if !file.starts_with("bin/") {
            continue;
        }
        let program = line.split([' ', '\t']).next().unwrap_or_default();
        let prefix = &volume.profile.prefix;
        if volume.profile.below_prefix(program).is_some() {
            if volume.tree.find_file(program, prefix).is_none() {
                let message = format!("Is run by `{program}`, which is not in the volume");
                report.error(file, message, SHEBANG);
            }
        } else if ["/bin/sh", "/usr/bin/env"].contains(&program) {
            report.warning(file, format!("Is run by the image's `{program}`"), SHEBANG);
        } else {
            report.error(
                file,
                format!("Is run by `{line}`, outside of the volume"),
                SHEBANG,
            );
        }
    }
}
