//! Layers that nobody should unpack: each is refused, by publishing and by pulling, and leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod corpus;

use std::fs;

use common::chain;
use common::layout::{Image, Images, Layer, Packing, Tar};
use corpus::{hostile, spoilt};
use krunner::artifact::{Cache, Compression, Folder, Layout, Silent, images, publish};
use krunner::platform::Platform;
use krunner::store::Store;

/// Whether an error names something besides the layer.
fn names_something(error: &str) -> bool {
    let quoted = error.split('`').skip(1).step_by(2);
    quoted.into_iter().any(|name| !name.starts_with("sha256:"))
}

fn images_of(tar: Vec<u8>) -> Images {
    // Bombs are packed, so that they are small; packing does not matter to the others.
    let packing = if tar.len() > 32 << 20 {
        Packing::Zstd
    } else {
        Packing::Plain
    };
    Images(vec![Image {
        architecture: "amd64",
        layers: vec![Layer("python", tar, packing)],
    }])
}

/// Pulls into an empty store beside a folder that nobody may touch, and returns what was said.
fn refused(name: &str, images: &Images) -> String {
    let dir = tempfile::tempdir().unwrap();
    images.write_artifact(&dir.path().join("in"));
    let store = Store::init(&dir.path().join("store")).unwrap();
    let source = Layout::folder(&dir.path().join("in"), None);
    let result = store.pull(&source, "in", Platform::AMD64, &Silent);
    let error = chain(&result.expect_err(name));
    for folder in ["volumes", "staging", "ingest", "names", "blobs/sha256"] {
        let left = fs::read_dir(store.root().join(folder)).unwrap().count();
        assert_eq!(left, 0, "{name}: {folder}");
    }
    let beside = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(beside, 2, "{name}: something is beside the store");
    assert!(!store.root().join("escape").exists(), "{name}");
    assert!(
        !dir.path().parent().unwrap().join("escape").exists(),
        "{name}"
    );
    error
}

#[test]
fn every_hostile_layer_is_refused_by_pull_with_its_entry_named_and_leaves_nothing() {
    for (name, tar, word) in hostile() {
        let error = refused(name, &images_of(tar));
        assert!(error.contains(word), "{name}: {error}");
        // Where no entry could be read, there is nothing to name.
        let nothing = ["a header that is no header", "a header of two megabytes"];
        let unnamed = nothing.contains(&name) || error.contains("Cannot be read");
        assert!(unnamed || names_something(&error), "{name}: {error}");
        assert!(
            !error.contains(|letter: char| letter.is_control()),
            "{name}: {error:?}"
        );
    }
}

#[test]
fn every_spoilt_layer_is_refused_by_pull_and_leaves_nothing() {
    for (name, packing) in spoilt() {
        let tar = Tar::default().file("f", &vec![7; 40_000]).file("g", b"x");
        let images = Images(vec![Image {
            architecture: "amd64",
            layers: vec![Layer("python", tar.finish(), packing)],
        }]);
        let error = refused(name, &images);
        assert!(error.contains("sha256:"), "{name}: {error}");
    }
}

#[test]
fn the_corpus_is_as_large_as_it_is_said_to_be() {
    assert!(hostile().len() + spoilt().len() >= 80);
}

#[test]
fn every_hostile_layer_is_refused_by_publish() {
    for (name, tar, word) in hostile() {
        let dir = tempfile::tempdir().unwrap();
        images_of(tar).write(&dir.path().join("in"));
        let source = Layout::folder(&dir.path().join("in"), None);
        let sink = Folder::open(&dir.path().join("out"), "15").unwrap();
        let cache = Cache::open(&dir.path().join("cache")).unwrap();
        let images = images(&source, "in").unwrap();
        let error =
            chain(&publish(images, &sink, &cache, Compression::DEFAULT, &Silent).expect_err(name));
        assert!(error.contains(word), "{name}: {error}");
        assert!(!dir.path().join("out/index.json").exists(), "{name}");
    }
}

#[test]
fn a_path_in_two_layers_is_refused_with_both_layers_named() {
    let dir = tempfile::tempdir().unwrap();
    let layers = vec![
        Layer(
            "python",
            Tar::default().file("bin/tool", b"a").finish(),
            Packing::Plain,
        ),
        Layer(
            "wheels",
            Tar::default().file("bin/tool", b"b").finish(),
            Packing::Plain,
        ),
    ];
    let images_in = Images(vec![Image {
        architecture: "amd64",
        layers,
    }]);
    images_in.write(&dir.path().join("in"));
    let source = Layout::folder(&dir.path().join("in"), None);
    let sink = Folder::open(&dir.path().join("out"), "15").unwrap();
    let cache = Cache::open(&dir.path().join("cache")).unwrap();
    let error = publish(
        images(&source, "in").unwrap(),
        &sink,
        &cache,
        Compression::DEFAULT,
        &Silent,
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`bin/tool` is in two layers of `linux/amd64`: `python` and `wheels`"
    );

    images_in.write_artifact(&dir.path().join("artifact"));
    let store = Store::init(&dir.path().join("store")).unwrap();
    let source = Layout::folder(&dir.path().join("artifact"), None);
    let error = store
        .pull(&source, "in", Platform::AMD64, &Silent)
        .unwrap_err();
    assert!(chain(&error).contains("twice: `bin/tool`"), "{error}");
}
