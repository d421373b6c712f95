//! Every source of a document with its place.

use super::KeyPath;
use super::types::{Document, Source, TtydSources};

/// Every source of `document` with its place.
pub(super) fn all(document: &Document) -> Vec<(KeyPath, &Source)> {
    let mut sources = Vec::new();
    let mut add = |path: KeyPath, source| sources.push((path, source));
    let python = &document.python;
    for (key, source) in [("amd64", &python.amd64), ("arm64", &python.arm64)] {
        if let Some(source) = source {
            add(["python", key].into(), source);
        }
    }
    if let Some(runtime) = &document.runtime {
        for (key, archives) in [("amd64", &runtime.amd64), ("arm64", &runtime.arm64)] {
            for (name, source) in archives {
                add(["runtime", key, name].into(), source);
            }
        }
    }
    if let Some(ttyd) = &document.ttyd {
        for (key, source) in ttyd.sources.iter().flat_map(TtydSources::components) {
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
                if let Some(source) = source {
                    add(["ttyd", "binary", key].into(), source);
                }
            }
        }
    }
    for (index, file) in document.files.iter().enumerate() {
        if let Some(source) = &file.source {
            let path = KeyPath::from(["files"]).with(index);
            add(path.with("source"), source);
        }
    }
    sources
}
