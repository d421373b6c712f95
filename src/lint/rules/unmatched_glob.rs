//! Globs that no path of a volume can match.

use crate::lint::rule::{Document, Finding, Rule};
use crate::spec::KeyPath;

pub(super) const RULE: Rule = Rule {
    name: "UnmatchedGlob",
    description: "A glob should be able to match a path: one relative to the volume, without `.` and `..`",
    find,
};

fn find(document: &Document<'_>) -> Vec<Finding> {
    let slim = &document.spec.document().slim;
    let drop = slim.drop.keys().filter_map(|glob| {
        let message = message(glob)?;
        Some(document.key(["slim", "drop", glob], message))
    });
    let keep = slim.keep.iter().enumerate().filter_map(|(index, glob)| {
        let path = KeyPath::from(["slim", "keep"]).with(index);
        Some(document.value(path, message(glob)?))
    });
    drop.chain(keep).collect()
}

/// Why `glob` never matches, if it cannot.
fn message(glob: &str) -> Option<String> {
    let why = if glob.starts_with('/') {
        "paths of the volume begin without `/`"
    } else if glob.ends_with('/') {
        "paths end without `/`; write `/**` for all that is in a folder"
    } else if glob.split('/').any(|part| matches!(part, "" | "." | "..")) {
        "paths have no empty part, no `.` and no `..`"
    } else {
        return None;
    };
    Some(format!("`{glob}` matches nothing: {why}"))
}
