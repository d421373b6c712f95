//! `[slim]`: presets that exist, and globs that parse.

use std::collections::BTreeMap;

use super::Findings;
use crate::spec::types::Document;
use crate::spec::{KeyPath, Preset, presets};

/// A name this far away is probably not what was meant.
const NEAR: usize = 2;

pub(super) fn check(document: &Document, findings: &mut Findings) {
    let slim = &document.slim;
    let known = presets();
    for (index, name) in slim.presets.iter().enumerate() {
        if !known.contains_key(name) {
            let path = KeyPath::from(["slim", "presets"]).with(index);
            findings.add_with_hint(path, format!("Unknown preset: `{name}`"), hint(name, known));
        }
    }
    for (pattern, reason) in &slim.drop {
        let path = KeyPath::from(["slim", "drop", pattern]);
        if reason.trim().is_empty() {
            findings.add(
                path.clone(),
                format!("`{pattern}` is left out without a reason"),
            );
        }
        glob(&path, pattern, findings);
    }
    for (index, pattern) in slim.keep.iter().enumerate() {
        let path = KeyPath::from(["slim", "keep"]).with(index);
        glob(&path, pattern, findings);
    }
}

fn glob(path: &KeyPath, pattern: &str, findings: &mut Findings) {
    if let Err(error) = globset::Glob::new(pattern) {
        let message = format!("Not a glob ({}): `{pattern}`", error.kind());
        findings.add(path, message);
    }
}

fn hint(name: &str, known: &BTreeMap<String, Preset>) -> String {
    let distance = |known: &&String| strsim::damerau_levenshtein(known, name);
    match known.keys().min_by_key(distance) {
        Some(nearest) if distance(&nearest) <= NEAR => format!("Did you mean `{nearest}`?"),
        _ => {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            format!("The presets are {}", names.join(", "))
        }
    }
}
