//! No package relies on a `.pth` file that nobody reads.
//!
//! Such files extend Python's paths, or run code at every start, when Python imports `site`. A Python with a
//! `python3.N._pth` beside its program imports that only if the file says so.

use std::fs;

use super::{Report, Volume};

const ASKED_FOR: &str = "name it in `[slim] drop` if the package works without it, as most do; else use another version";
/// The line that turns them on.
const SITE: &str = "import site";

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    let Some(python) = &volume.python else {
        return;
    };
    let paths = python.program.map(|program| format!("{program}._pth"));
    let Some(paths) = paths.and_then(|paths| volume.tree.get(&paths)) else {
        return;
    };
    // One that cannot be read says nothing to Python either.
    let text = fs::read_to_string(&paths.path).unwrap_or_default();
    if text.lines().any(|line| line.trim() == SITE) {
        return;
    }
    let site = python.site_packages();
    for (file, _) in volume.tree.below(&site) {
        let name = &file[site.len() + 1..];
        // As Python itself compares it.
        if name.strip_suffix(".pth").is_some() && !name.contains('/') {
            report.error(
                file,
                "Is never read: this Python does not import `site`",
                ASKED_FOR,
            );
        }
    }
}
