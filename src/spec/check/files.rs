//! `[[files]]`: paths, modes, and where bytes come from.

use std::collections::BTreeSet;

use super::Findings;
use super::path::check_relative;
use crate::spec::types::Document;
use crate::spec::{IDENTITY_FILE, KeyPath};

pub(super) fn check(document: &Document, findings: &mut Findings) {
    let mut names = BTreeSet::new();
    let paths: BTreeSet<&str> = document.files.iter().map(|file| &*file.path).collect();
    let folders = &document.volume.mount_points;
    for (index, file) in document.files.iter().enumerate() {
        let at = KeyPath::from(["files"]).with(index);
        let path = &*file.path;
        check_relative(at.with("path"), path, findings);
        if path == IDENTITY_FILE {
            let message = format!("`{path}` is the file in which the volume says what it is");
            findings.add(at.with("path"), message);
        }
        // `a/b` and `a-b` would be one input name, so they are as good as one path.
        if !names.insert(file.input_name()) {
            let message = format!("Two files that are both the input `{}`", file.input_name());
            findings.add(at.with("path"), message);
        }
        if let Some(parent) = parents(path).find(|parent| paths.contains(parent)) {
            let message = format!("`{path}` is inside `{parent}`, which is a file");
            findings.add(at.with("path"), message);
        }
        let is_on = |folder: &str| folder == path || parents(folder).any(|parent| parent == path);
        if let Some(folder) = folders.iter().find(|folder| is_on(folder)) {
            let message = format!("`{path}` is in the way of the mount point `{folder}`");
            findings.add(at.with("path"), message);
        }
        if file.mode_bits().is_none() {
            let message = format!("Not a mode: `{}`", file.mode);
            let hint = "Write octal permission bits without setuid and its like, such as `0755`";
            findings.add_with_hint(at.with("mode"), message, hint);
        }
        match (&file.source, &file.content) {
            (Some(_), None) | (None, Some(_)) => {}
            _ => findings.add_with_hint(
                &at,
                format!("`{path}` must have exactly one of `source` and `content`"),
                "Give the text in `content`, or where it comes from in `source`",
            ),
        }
    }
}

/// The folders that `path` is in.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(index, _)| &path[..index])
}
