//! Layers that nobody should unpack: each is refused, by publishing and by pulling, and leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use common::chain;
use common::layout::{Image, Images, Layer, Packing, Tar, gzip};
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
        (
            "a long name of GNU with a step up",
            tar()
                .entry(b'L', "././@LongLink", "", 0o644, b"../escape\0")
                .file("fine", b"x")
                .finish(),
            "`..`",
        ),
        (
            "a long link of GNU that leads out",
            tar()
                .entry(b'K', "././@LongLink", "", 0o644, b"../../escape\0")
                .symlink("fine", "x")
                .finish(),
            "outside",
        ),
        (
            "a PAX link that leads out",
            tar().pax("linkpath", "/etc").symlink("fine", "x").finish(),
            "outside",
        ),
        (
            "a PAX hard link that leads out",
            tar()
                .file("x", b"x")
                .pax("linkpath", "../../etc/hostname")
                .hardlink("fine", "x")
                .finish(),
            "`..`",
        ),
        (
            "a PAX size beyond the archive",
            tar().pax("size", "4096").file("f", b"x").finish(),
            "",
        ),
        (
            "a PAX size that hides a file",
            tar()
                .pax("size", "1024")
                .file("f", b"x")
                .file("../escape", b"x")
                .raw(&[7; 512])
                .finish(),
            "",
        ),
        (
            "a PAX size that is no number",
            tar().pax("size", "many").file("f", b"x").finish(),
            "",
        ),
        (
            "a PAX record that lies about its length",
            tar()
                .entry(b'x', "pax", "", 0o644, b"9999 path=f\n")
                .file("f", b"x")
                .finish(),
            "",
        ),
        (
            "a file with a capability",
            tar()
                .pax("SCHILY.xattr.security.capability", "\u{1}\0\0\u{2}")
                .file("ping", b"x")
                .finish(),
            "extended attribute",
        ),
        (
            "a file with an access list",
            tar()
                .pax("SCHILY.xattr.system.posix_acl_access", "\u{2}")
                .file("open", b"x")
                .finish(),
            "extended attribute",
        ),
        (
            "a link with the attributes of an overlay",
            tar()
                .pax("SCHILY.xattr.trusted.overlay.redirect", "/etc")
                .folder("etc")
                .finish(),
            "extended attribute",
        ),
        (
            "a sparse file of old GNU",
            tar().entry(b'S', "sparse", "", 0o644, b"").finish(),
            "sparse",
        ),
        (
            "a continuation of another volume",
            tar().entry(b'M', "more", "", 0o644, b"").finish(),
            "unknown type",
        ),
        (
            "a volume's label",
            tar().entry(b'V', "label", "", 0o644, b"").finish(),
            "unknown type",
        ),
        (
            "a setgid folder",
            tar().entry(b'5', "d", "", 0o2755, b"").finish(),
            "setuid",
        ),
        (
            "a file that turns into a folder",
            tar().file("a", b"x").folder("a").finish(),
            "twice",
        ),
        (
            "a folder that turns into a file",
            tar().folder("a").file("a", b"x").finish(),
            "twice",
        ),
        (
            "a link twice",
            tar().symlink("a", "x").symlink("a", "y").finish(),
            "twice",
        ),
        (
            "a hard link over a file",
            tar()
                .file("f", b"x")
                .file("g", b"y")
                .hardlink("g", "f")
                .finish(),
            "twice",
        ),
        (
            "a hard link to itself",
            tar().hardlink("a", "a").finish(),
            "no earlier file",
        ),
        (
            "a hard link without a target",
            tar().hardlink("a", "").finish(),
            "no target",
        ),
        (
            "a link with content",
            tar().entry(b'2', "a", "x", 0o777, b"content").finish(),
            "content",
        ),
        (
            "a file of an exabyte",
            large(tar().file("f", b"x").finish()),
            "",
        ),
        (
            "a file of less than nothing",
            negative(tar().file("f", b"x").finish()),
            "",
        ),
        (
            "a time that no file system has",
            late(tar().file("f", b"x").finish()),
            "time",
        ),
    ]
}

/// Layers whose tar is fine, but not what is around it.
fn spoilt() -> Vec<(&'static str, Packing)> {
    fn zstd(tar: &[u8]) -> Vec<u8> {
        zstd::encode_all(tar, 3).unwrap()
    }
    fn with(mut packed: Vec<u8>, more: &[u8]) -> Vec<u8> {
        packed.extend_from_slice(more);
        packed
    }
    fn without_end(mut packed: Vec<u8>, bytes: usize) -> Vec<u8> {
        packed.truncate(packed.len() - bytes);
        packed
    }
    fn wide(tar: &[u8]) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(27).unwrap();
        encoder.include_contentsize(false).unwrap();
        std::io::Write::write_all(&mut encoder, tar).unwrap();
        encoder.finish().unwrap()
    }
    vec![
        (
            "zstd that ends early",
            Packing::Spoilt("+zstd", |tar| without_end(zstd(tar), 9)),
        ),
        (
            "zstd with bytes behind it",
            Packing::Spoilt("+zstd", |tar| with(zstd(tar), b"#!/bin/sh")),
        ),
        (
            "zstd with a wrong bit",
            Packing::Spoilt("+zstd", |tar| {
                let mut packed = zstd(tar);
                let middle = packed.len() / 2;
                packed[middle] ^= 0x10;
                packed
            }),
        ),
        ("zstd that asks for 128 MiB", Packing::Spoilt("+zstd", wide)),
        (
            "gzip that ends early",
            Packing::Spoilt("+gzip", |tar| without_end(gzip(tar), 9)),
        ),
        (
            "gzip with bytes behind it",
            Packing::Spoilt("+gzip", |tar| with(gzip(tar), b"#!/bin/sh")),
        ),
        (
            "gzip with another checksum",
            Packing::Spoilt("+gzip", |tar| {
                let mut packed = gzip(tar);
                let at = packed.len() - 8;
                packed[at] ^= 1;
                packed
            }),
        ),
        (
            "another archive than was promised",
            Packing::Spoilt("", |_| Tar::default().file("other", b"x").finish()),
        ),
        (
            "no archive",
            Packing::Spoilt("", |_| b"<html>not found</html>".repeat(100)),
        ),
        ("nothing", Packing::Spoilt("", |_| Vec::new())),
        (
            "a second archive behind the first",
            Packing::Spoilt("", |tar| with(tar.to_vec(), tar)),
        ),
    ]
}

/// A number that eleven octal digits cannot hold, as GNU writes it.
fn large(mut tar: Vec<u8>) -> Vec<u8> {
    tar[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0]);
    checked(tar)
}

fn negative(mut tar: Vec<u8>) -> Vec<u8> {
    tar[124..136].fill(0xff);
    checked(tar)
}

fn late(mut tar: Vec<u8>) -> Vec<u8> {
    tar[136..148].copy_from_slice(&[0x80, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0]);
    checked(tar)
}

/// With the first header's sum made right again.
fn checked(mut tar: Vec<u8>) -> Vec<u8> {
    tar[148..156].fill(b' ');
    let sum: u32 = tar[..512].iter().map(|byte| u32::from(*byte)).sum();
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar
}

/// Whether an error names something besides the layer.
fn names_something(error: &str) -> bool {
    let quoted = error.split('`').skip(1).step_by(2);
    quoted.into_iter().any(|name| !name.starts_with("sha256:"))
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
