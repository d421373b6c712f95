//! Archives that may change unnoticed.

use crate::lint::rule::{Document, Finding, Rule};

pub(super) const RULE: Rule = Rule {
    name: "UnpinnedInput",
    description: "An archive should be pinned by its digest, wherever it lies",
    find,
};

/// Addresses without a digest are errors, and a context may be an unpacked tree, which has none. What `[[files]]`
/// takes lies beside the spec, and changes with it.
fn find(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in document.spec.sources() {
        if path.keys().first().is_some_and(|key| key == "files") {
            continue;
        }
        if let (Some(file), None) = (&source.path, &source.sha256) {
            let message = format!("`{file}` has no `sha256`");
            findings.push(document.value(path, message));
        }
    }
    findings
}
