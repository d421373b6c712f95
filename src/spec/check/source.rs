//! Sources, wherever they stand.

use super::path::check_relative;
use super::volume::is_name;
use super::{Findings, args};
use crate::digest::Digest;
use crate::spec::KeyPath;
use crate::spec::sources;
use crate::spec::types::{Document, Source};

pub(super) fn check(document: &Document, findings: &mut Findings) {
    for (path, source) in sources::all(document) {
        one(&path, source, findings);
        if let Some(url) = &source.url {
            args::check_text(&path.with("url"), url, document, findings);
        }
    }
}

fn one(path: &KeyPath, source: &Source, findings: &mut Findings) {
    let given = [&source.url, &source.path, &source.context];
    match given.iter().filter(|given| given.is_some()).count() {
        1 => {}
        0 => findings.add_with_hint(
            path,
            "A source without a place to take it from",
            "Give one of `url`, `path` and `context`",
        ),
        _ => findings.add_with_hint(
            path,
            "A source with several places to take it from",
            "Give only one of `url`, `path` and `context`; the command line replaces any of them with `--build-context`",
        ),
    }
    match &source.sha256 {
        Some(sha256) if Digest::parse_hex(sha256).is_err() => findings.add(
            path.with("sha256"),
            format!("Not a SHA-256 digest (expected 64 lower-case hex digits): `{sha256}`"),
        ),
        None if source.url.is_some() => findings.add_with_hint(
            path,
            "A `url` without `sha256`",
            "Add `sha256 = \"…\"`: what is downloaded is pinned by its digest",
        ),
        Some(_) | None => {}
    }
    if let Some(file) = &source.path {
        check_relative(path.with("path"), file, findings);
    }
    if let Some(context) = &source.context
        && !is_name(context)
    {
        let message = format!("Not a usable context name: `{context}`");
        let hint = "Use lower-case letters, digits, `-`, `_` and `.`";
        findings.add_with_hint(path.with("context"), message, hint);
    }
}
