//! What the tests of artifact, registry and store share: hand-made layouts, and a registry that lies when told to.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod cut;
pub(crate) mod dice;
pub(crate) mod elf;
pub(crate) mod faults;
pub(crate) mod layout;
pub(crate) mod node;
pub(crate) mod registry;
pub(crate) mod tls;

use std::path::{Path, PathBuf};

use krunner::artifact::{Cache, Compression, Folder, Layout, Published, Silent, publish};

/// Publishes a hand-made layout into another folder under the tag `15`, and returns what was made.
pub(crate) fn published(dir: &Path) -> (PathBuf, Published) {
    publish_images(dir, &layout::small())
}

/// Publishes hand-made images into the folder `out` under the tag `15`, whatever it named before.
pub(crate) fn publish_images(dir: &Path, images: &layout::Images) -> (PathBuf, Published) {
    images.write(&dir.join("in"));
    let out = dir.join("out");
    let source = Layout::folder(&dir.join("in"), None);
    let sink = Folder::open(&out, "15").unwrap();
    let cache = Cache::open(&dir.join("cache")).unwrap();
    let found = krunner::artifact::images(&source, "in").unwrap();
    let published = publish(found, &sink, &cache, Compression::DEFAULT, &Silent).unwrap();
    (out, published)
}

/// An error with all its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// What `cargo xtask workbench env` wrote down, as far as somebody wants it; `None` after printing why there is nothing.
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
pub(crate) fn workbench<T: serde::de::DeserializeOwned>() -> Option<T> {
    let Some(file) = std::env::var_os("KRUNNER_WORKBENCH") else {
        eprintln!("skipped: KRUNNER_WORKBENCH is not set (`cargo xtask test` sets it)");
        return None;
    };
    Some(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
}
