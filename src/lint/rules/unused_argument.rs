//! Arguments that set nothing.

use std::collections::BTreeSet;

use crate::lint::rule::{Document, Finding, Rule};
use crate::spec::arguments::{self, Part};

pub(super) const RULE: Rule = Rule {
    name: "UnusedArgument",
    description: "A declared argument should be used",
    find,
};

fn find(document: &Document<'_>) -> Vec<Finding> {
    let used = used(document);
    let declared = document.spec.document().args.keys();
    declared
        .filter(|name| !used.contains(name.as_str()))
        .map(|name| {
            let message =
                format!("`{name}` is declared, but no `url`, label or annotation uses it");
            document.key(["args", name], message)
        })
        .collect()
}

fn used<'a>(document: &Document<'a>) -> BTreeSet<&'a str> {
    let content = document.spec.document();
    let sources = document.spec.sources().into_iter();
    let urls = sources.filter_map(|(_, source)| source.url.as_ref());
    let texts = urls
        .chain(content.labels.values())
        .chain(content.annotations.values());
    // What does not parse was refused when the spec was read.
    let parts = texts.flat_map(|text| arguments::parts(text).unwrap_or_default());
    parts
        .filter_map(|part| match part {
            Part::Argument(name) => Some(name),
            Part::Text(_) => None,
        })
        .collect()
}
