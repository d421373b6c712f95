//! Programs for newer processors only.

use crate::lint::rule::{Document, Finding, Rule};

/// The levels above the baseline, as archives carry them in their names.
const LEVELS: [(&str, &str); 6] = [
    ("x86_64_v2", "x86-64-v2"),
    ("x86_64_v3", "x86-64-v3"),
    ("x86_64_v4", "x86-64-v4"),
    ("x86-64-v2", "x86-64-v2"),
    ("x86-64-v3", "x86-64-v3"),
    ("x86-64-v4", "x86-64-v4"),
];

pub(super) const RULE: Rule = Rule {
    name: "CpuBaseline",
    description: "Programs should run on every processor of their architecture",
    find,
};

fn find(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in document.spec.sources() {
        // The toolchain runs where the build does, and nowhere else.
        if path.keys().iter().any(|key| key == "toolchain") {
            continue;
        }
        for (key, place) in [("url", &source.url), ("path", &source.path)] {
            let Some(place) = place else { continue };
            let name = place.rsplit('/').next().unwrap_or_default();
            if let Some((_, level)) = LEVELS.iter().find(|(mark, _)| name.contains(mark)) {
                let message = format!("`{name}` is for {level} and stops on older processors");
                findings.push(document.value(path.with(key), message));
            }
        }
    }
    findings
}
