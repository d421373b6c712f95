//! Files below a mount point.

use crate::lint::rule::{Document, Finding, Rule};
use crate::spec::KeyPath;

pub(super) const RULE: Rule = Rule {
    name: "HiddenFile",
    description: "A file should not lie where something else is mounted",
    find,
};

fn find(document: &Document<'_>) -> Vec<Finding> {
    let content = document.spec.document();
    let mut findings = Vec::new();
    for (index, file) in content.files.iter().enumerate() {
        let below = |folder: &&String| {
            let rest = file.path.strip_prefix(folder.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        if let Some(folder) = content.volume.mount_points.iter().find(below) {
            let path = KeyPath::from(["files"]).with(index).with("path");
            let message = format!("`{}` is hidden by what is mounted on `{folder}`", file.path);
            findings.push(document.value(path, message));
        }
    }
    findings
}
