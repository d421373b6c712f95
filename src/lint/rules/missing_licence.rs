//! A ready-made program without its licence.

use crate::lint::rule::{Document, Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "MissingLicence",
    description: "What is shipped should come with its licence",
    find,
};

fn find(document: &Document<'_>) -> Vec<Finding> {
    let content = document.spec.document();
    let ttyd = content.ttyd.as_ref();
    if ttyd.is_none_or(|ttyd| ttyd.binary.is_none()) {
        // What is compiled brings the licences of its sources.
        return Vec::new();
    }
    let has_licence = content.files.iter().any(|file| {
        let path = file.path.to_ascii_lowercase();
        path.starts_with("licenses/") && path.contains("ttyd")
    });
    if has_licence {
        return Vec::new();
    }
    let message = "A ready-made ttyd without a file below `licenses/ttyd`";
    vec![document.key(["ttyd", "binary"], message.to_owned())]
}
