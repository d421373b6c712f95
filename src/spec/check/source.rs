//! Sources, wherever they stand.

use super::path::check_relative;
use super::volume::is_name;
use super::{Findings, args};
use crate::digest::Digest;
use crate::spec::KeyPath;
use crate::spec::types::{Document, Source};

pub(super) fn check(document: &Document, findings: &mut Findings) {
    for (path, source) in all(document) {
        one(&path, source, findings);
        if let Some(url) = &source.url {
            args::check_text(&path.with("url"), url, document, findings);
        }
    }
}

/// Every source of the document with its place.
fn all(document: &Document) -> Vec<(KeyPath, &Source)> {
    let mut sources = Vec::new();
    let mut add = |path: KeyPath, source| sources.push((path, source));
    let python = &document.python;
    for (key, source) in [("amd64", &python.amd64), ("arm64", &python.arm64)] {
        source
            .iter()
            .for_each(|source| add(["python", key].into(), source));
    }
    if let Some(ttyd) = &document.ttyd {
        for (key, source) in ttyd.sources.iter().flat_map(|all| all.components()) {
            add(["ttyd", "sources", key].into(), source);
        }
        if let Some(toolchain) = &ttyd.toolchain {
            for (key, archives) in [("amd64", &toolchain.amd64), ("arm64", &toolchain.arm64)] {
                for (name, source) in archives {
                    add(["ttyd", "toolchain", key, name].into(), source);
                }
            }
        }
        if let Some(binary) = &ttyd.binary {
            for (key, source) in [("amd64", &binary.amd64), ("arm64", &binary.arm64)] {
                let path = KeyPath::from(["ttyd", "binary", key]);
                source.iter().for_each(|source| add(path.clone(), source));
            }
        }
    }
    for (index, file) in document.files.iter().enumerate() {
        let path = KeyPath::from(["files"]).with(index).with("source");
        file.source
            .iter()
            .for_each(|source| add(path.clone(), source));
    }
    sources
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
        Some(sha256) => {
            if let Err(error) = Digest::parse_hex(sha256) {
                findings.add(path.with("sha256"), error.to_string());
            }
        }
        None if source.url.is_some() => findings.add_with_hint(
            path,
            "A `url` without `sha256`",
            "Add `sha256 = \"…\"`: what is downloaded is pinned by its digest",
        ),
        None => {}
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
