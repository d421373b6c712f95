//! `[args]` and the texts that use them.

use super::{Findings, walk};
use crate::spec::KeyPath;
use crate::spec::arguments::{self, Part};
use crate::spec::types::Document;

/// Everything below is krunner's own.
const RESERVED: &str = "ai.backend.krunner.";

pub(super) fn check(document: &Document, findings: &mut Findings) {
    for name in document.args.keys() {
        if !arguments::is_name(name) {
            let hint = "Use letters, digits and `_`, beginning with a letter";
            findings.add_with_hint(
                ["args", name],
                format!("Not a usable argument name: `{name}`"),
                hint,
            );
        } else if arguments::is_predefined(name) {
            let message = format!("`{name}` is predefined and cannot be declared");
            findings.add(["args", name], message);
        }
    }
    for (table, texts) in [
        ("labels", &document.labels),
        ("annotations", &document.annotations),
    ] {
        for (key, text) in texts {
            let path = KeyPath::from([table, key]);
            if key.is_empty() || key.chars().any(|c| c.is_whitespace() || c.is_control()) {
                findings.add(&path, format!("Not a usable key: `{}`", key.escape_debug()));
            }
            if key.starts_with(RESERVED) {
                findings.add(
                    &path,
                    format!("krunner itself sets what begins with `{RESERVED}`: `{key}`"),
                );
            }
            check_text(&path, text, document, findings);
        }
    }
}

/// Notes the arguments in `text` that the document does not declare.
pub(super) fn check_text(path: &KeyPath, text: &str, document: &Document, findings: &mut Findings) {
    let parts = match arguments::parts(text) {
        Ok(parts) => parts,
        Err(error) => return findings.add(path, error.to_string()),
    };
    for part in parts {
        let Part::Argument(name) = part else { continue };
        if document.args.contains_key(name) {
            continue;
        }
        let names = document.args.keys().map(String::as_str);
        let hint = match walk::nearest(name, names) {
            Some(nearest) => format!("Did you mean `${{{nearest}}}`?"),
            None => format!("Declare it: `{name} = {{ description = \"…\" }}` in `[args]`"),
        };
        findings.add_with_hint(path, format!("Unknown argument: `${{{name}}}`"), hint);
    }
}
