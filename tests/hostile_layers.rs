//! Layers that nobody should unpack: each is refused, by publishing and by pulling, and leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use common::chain;
use common::layout::{Image, Images, Layer, Packing, Tar};
use krunner::artifact::{Cache, Compression, Folder, Layout, Silent, images, publish};
use krunner::platform::Platform;
use krunner::store::Store;

/// Every crafted layer with a word of its refusal.
#[expect(clippy::too_many_lines, reason = "a table")]
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let tar = Tar::default;
    let deep = "d/".repeat(65) + "f";
    let long = "n".repeat(256);
    let bomb = vec![0; 64 << 20];
    vec![
        ("a step up", tar().file("../escape", b"x").finish(), "`..`"),
        (
            "a step up in the middle",
            tar().file("a/../../escape", b"x").finish(),
            "`..`",
        ),
        (
            "a step up that comes back",
            tar().file("a/../b", b"x").finish(),
            "`..`",
        ),
        (
            "an absolute path",
            tar().file("/etc/escape", b"x").finish(),
            "absolute",
        ),
        (
            "a PAX path with a step up",
            tar().pax("path", "../escape").file("fine", b"x").finish(),
            "`..`",
        ),
        (
            "an absolute PAX path",
            tar().pax("path", "/etc/escape").file("fine", b"x").finish(),
            "absolute",
        ),
        (
            "too long a name",
            tar().pax("path", &long).file("fine", b"x").finish(),
            "too long",
        ),
        (
            "too deep a path",
            tar().pax("path", &deep).file("fine", b"x").finish(),
            "too deep",
        ),
        (
            "a path with a NUL",
            tar().pax("path", "a\0b").file("fine", b"x").finish(),
            "NUL",
        ),
        (
            "the root as a link",
            tar().symlink("./", "/etc").finish(),
            "root",
        ),
        ("the root as a file", tar().file(".", b"x").finish(), "root"),
        (
            "an absolute link",
            tar().symlink("a", "/etc").finish(),
            "outside",
        ),
        (
            "a link upwards",
            tar().symlink("a", "../x").finish(),
            "outside",
        ),
        (
            "links that are harmless one by one",
            tar().symlink("a", ".").symlink("b", "a/../x").finish(),
            "outside",
        ),
        (
            "links in a circle",
            tar().symlink("a", "b").symlink("b", "a").finish(),
            "outside",
        ),
        (
            "a link without a target",
            tar().symlink("a", "").finish(),
            "no target",
        ),
        (
            "a file through a link",
            tar().symlink("a", "b").file("a/f", b"x").finish(),
            "beneath",
        ),
        (
            "a folder through a link",
            tar().symlink("a", "b").folder("a/d").finish(),
            "beneath",
        ),
        (
            "a file beneath a file",
            tar().file("a", b"x").file("a/f", b"x").finish(),
            "beneath",
        ),
        (
            "a folder that turns into a link",
            tar().file("a/f", b"x").symlink("a", "b").finish(),
            "twice",
        ),
        (
            "a hard link out",
            tar().hardlink("a", "../../etc/hostname").finish(),
            "`..`",
        ),
        (
            "an absolute hard link",
            tar().hardlink("a", "/etc/hostname").finish(),
            "absolute",
        ),
        (
            "a hard link to a link",
            tar().symlink("l", "f").hardlink("a", "l").finish(),
            "no earlier file",
        ),
        (
            "a hard link to what comes later",
            tar().hardlink("a", "f").file("f", b"x").finish(),
            "no earlier file",
        ),
        (
            "a hard link to a folder",
            tar().folder("d").hardlink("a", "d").finish(),
            "no earlier file",
        ),
        (
            "a character device",
            tar().entry(b'3', "null", "", 0o666, b"").finish(),
            "character device",
        ),
        (
            "a block device",
            tar().entry(b'4', "disk", "", 0o666, b"").finish(),
            "block device",
        ),
        (
            "a pipe",
            tar().entry(b'6', "pipe", "", 0o666, b"").finish(),
            "pipe",
        ),
        (
            "a contiguous file",
            tar().entry(b'7', "file", "", 0o644, b"").finish(),
            "contiguous",
        ),
        (
            "an unknown type",
            tar().entry(b'Q', "file", "", 0o644, b"").finish(),
            "unknown type",
        ),
        (
            "a global header",
            tar()
                .entry(b'g', "g", "", 0o644, b"12 path=abc\n")
                .file("f", b"x")
                .finish(),
            "global",
        ),
        (
            "a sparse file",
            tar().pax("GNU.sparse.major", "1").file("f", b"x").finish(),
            "sparse",
        ),
        (
            "a setuid file",
            tar().entry(b'0', "su", "", 0o4755, b"x").finish(),
            "setuid",
        ),
        (
            "a setgid file",
            tar().entry(b'0', "su", "", 0o2755, b"x").finish(),
            "setuid",
        ),
        (
            "a sticky folder",
            tar().entry(b'5', "tmp", "", 0o1777, b"").finish(),
            "sticky",
        ),
        (
            "a path twice",
            tar().file("f", b"x").file("f", b"y").finish(),
            "twice",
        ),
        (
            "a path twice, written differently",
            tar().file("a/f", b"x").file("./a//f", b"y").finish(),
            "twice",
        ),
        (
            "a whiteout",
            tar().file("lib/.wh.os.py", b"").finish(),
            "whiteout",
        ),
        (
            "an opaque whiteout",
            tar().file("lib/.wh..wh..opq", b"").finish(),
            "whiteout",
        ),
        (
            "a bare whiteout",
            tar().file(".wh.", b"").finish(),
            "whiteout",
        ),
        (
            "a file in a whiteout",
            tar().file(".wh.a/f", b"").finish(),
            "whiteout",
        ),
        (
            "bytes after the end",
            tar()
                .file("f", b"x")
                .raw(&[0; 1024])
                .raw(b"#!/bin/sh")
                .finish(),
            "end of the archive",
        ),
        (
            "a file that is cut off",
            cut(tar().file("f", &[7; 4096]).finish()),
            "",
        ),
        ("a header that is no header", vec![1; 1024], ""),
        (
            "a size that is no number",
            wrong_size(tar().file("f", b"x").finish()),
            "",
        ),
        (
            "a header of two megabytes",
            tar()
                .entry(b'x', "p", "", 0o644, &vec![b'1'; 2 << 20])
                .finish(),
            "",
        ),
        ("a bomb", tar().file("f", &bomb).finish(), "times its size"),
    ]
}

fn cut(mut tar: Vec<u8>) -> Vec<u8> {
    tar.truncate(2048);
    tar
}

fn wrong_size(mut tar: Vec<u8>) -> Vec<u8> {
    tar[124..130].copy_from_slice(b"zzzzzz");
    tar
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

#[test]
fn every_hostile_layer_is_refused_by_pull_and_leaves_nothing() {
    for (name, tar, word) in hostile() {
        let dir = tempfile::tempdir().unwrap();
        images_of(tar).write_artifact(&dir.path().join("in"));
        let store = Store::init(&dir.path().join("store")).unwrap();
        let source = Layout::folder(&dir.path().join("in"), None);
        let result = store.pull(&source, "in", Platform::AMD64, &Silent);
        let error = chain(&result.expect_err(name));
        assert!(error.contains(word), "{name}: {error}");
        for folder in ["volumes", "staging", "ingest", "names"] {
            assert_eq!(
                fs::read_dir(store.root().join(folder)).unwrap().count(),
                0,
                "{name}: {folder}"
            );
        }
        assert!(
            !dir.path().join("escape").exists() && !dir.path().join("store/escape").exists(),
            "{name}"
        );
    }
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
