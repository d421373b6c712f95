//! EROFS twins, as a user sees them. A script stands in for `mkfs.erofs` here; the real one has its turn in the engine tier.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use common::layout;
use serde_json::Value;

/// Says its version, and writes the magic number, what it is given, and how.
const MKFS: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then echo "mkfs.erofs (erofs-utils) 1.8.6"; exit 0; fi
for file; do :; done
{ head -c 1024 /dev/zero; printf '\342\341\365\340'; cat; printf '%s\n' "$@" | grep '^-'; } > "$file"
"#;

/// A folder with the layout `in` and such a program.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    layout::small().write(&dir.path().join("in"));
    program(dir.path(), MKFS);
    dir
}

fn program(dir: &Path, text: &str) {
    let file = dir.join("bin/mkfs.erofs");
    fs::create_dir_all(dir.join("bin")).unwrap();
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

fn krunner(dir: &Path, args: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_krunner"))
        .args(args.split(' '))
        .current_dir(dir)
        .env_clear()
        .env("NO_COLOR", "1")
        .env("KRUNNER_STORE", dir.join("store"))
        .env("PATH", format!("{}/bin:/usr/bin:/bin", dir.display()))
        .output()
        .unwrap()
}

#[track_caller]
fn succeed(dir: &Path, args: &str) -> String {
    let output = krunner(dir, args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fail(dir: &Path, args: &str) -> String {
    let output = krunner(dir, args);
    assert_eq!(output.status.code(), Some(1), "{args}");
    String::from_utf8(output.stderr).unwrap()
}

fn manifests(dir: &Path, reference: &str) -> Vec<Value> {
    let said = succeed(dir, &format!("inspect {reference} --output json"));
    let tree: Value = serde_json::from_str(&said).unwrap();
    tree["manifests"].as_array().unwrap().clone()
}

fn platforms(dir: &Path, reference: &str) -> Vec<String> {
    manifests(dir, reference)
        .iter()
        .map(|branch| {
            let platform = &branch["descriptor"]["platform"];
            format!("{} {}", platform["architecture"], platform["os.features"])
        })
        .collect()
}

#[test]
fn every_platform_has_a_twin_behind_all_plain_manifests() {
    let dir = folder();
    let first = succeed(dir.path(), "publish oci:in oci:out:15 --erofs");
    let list = manifests(dir.path(), "oci:out:15");
    assert_eq!(
        platforms(dir.path(), "oci:out:15"),
        [
            r#""amd64" null"#,
            r#""arm64" null"#,
            r#""amd64" ["erofs"]"#,
            r#""arm64" ["erofs"]"#
        ]
    );
    for (plain, twin) in list[..2].iter().zip(&list[2..]) {
        let annotations = &twin["descriptor"]["annotations"];
        assert_eq!(
            annotations["ai.backend.krunner.erofs.of"],
            plain["descriptor"]["digest"]
        );
        assert_eq!(annotations["ai.backend.krunner.erofs.compression"], "zstd");
        let layers = twin["manifest"]["layers"].as_array().unwrap();
        assert_eq!(layers.len(), 1);
        assert_eq!(layers[0]["mediaType"], "application/vnd.erofs.layer.v1");
    }
    succeed(dir.path(), "verify oci:out:15");
    // From a cache or not, from the layers as they were built or as they were published.
    let cached = succeed(dir.path(), "publish oci:in oci:again:15 --erofs");
    let other = succeed(
        dir.path(),
        "publish oci:out:15 oci:more:15 --erofs --store s",
    );
    assert_eq!([&cached, &other], [&first; 2]);
}

#[test]
fn an_image_is_made_of_every_path_once_with_nothing_left_to_chance() {
    let dir = folder();
    succeed(dir.path(), "publish oci:in oci:out:15 --erofs=lz4hc");
    let twin = manifests(dir.path(), "oci:out:15").remove(2);
    let digest = twin["manifest"]["layers"][0]["digest"].as_str().unwrap();
    let blob = dir.path().join("out/blobs/sha256").join(&digest[7..]);
    let blob = fs::read(blob).unwrap();
    let end = blob.windows(6).rposition(|part| part == b"--tar=").unwrap();
    let mut archive = tar::Archive::new(&blob[1028..end]);
    let mut paths: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    paths.sort();
    let mut once = paths.clone();
    once.dedup();
    assert_eq!(paths, once);
    assert!(paths.contains(&"bin/ttyd".to_owned()), "{paths:?}");
    let said = String::from_utf8_lossy(&blob[end..]);
    let said: Vec<&str> = said.lines().collect();
    for option in [
        "-T1704067200",
        "-b4096",
        "-x-1",
        "--all-root",
        "-zlz4hc,level=9",
    ] {
        assert!(said.contains(&option), "{option} {said:?}");
    }
}

#[test]
fn plain_clients_take_the_plain_manifest() {
    let dir = folder();
    succeed(dir.path(), "publish oci:in oci:plain:15");
    succeed(dir.path(), "publish oci:in oci:out:15 --erofs");
    for platform in ["linux/amd64", "linux/arm64"] {
        let pulled = |from: &str| {
            let args = format!("pull oci:{from}:15 --platform {platform} --output json");
            let pulled: Value = serde_json::from_str(&succeed(dir.path(), &args)).unwrap();
            pulled["manifest"].clone()
        };
        assert_eq!(pulled("plain"), pulled("out"));
    }
    let said = succeed(dir.path(), "diff oci:plain:15 oci:out:15 --output json");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["platforms"][0]["fetched"], 0);
}

#[test]
fn a_platform_that_is_published_again_without_a_twin_has_none() {
    let dir = folder();
    succeed(dir.path(), "publish oci:in oci:out:15 --erofs");
    let mut one = layout::small();
    one.0.retain(|image| image.architecture == "arm64");
    one.write(&dir.path().join("one"));
    succeed(dir.path(), "publish oci:one oci:out:15");
    assert_eq!(
        platforms(dir.path(), "oci:out:15"),
        [r#""amd64" null"#, r#""arm64" null"#, r#""amd64" ["erofs"]"#]
    );
    succeed(dir.path(), "verify oci:out:15");
}

#[test]
fn what_cannot_be_made_is_named_with_what_to_do() {
    let dir = folder();
    let cases = [
        ("#!/bin/sh\necho 'mkfs.erofs 1.5'\n", "Too old"),
        (
            "#!/bin/sh\ntest $1 = --version && echo 'mkfs.erofs 1.8' && exit 0\necho no room >&2; exit 1\n",
            "`mkfs.erofs` failed: `no room`",
        ),
    ];
    for (text, expected) in cases {
        program(dir.path(), text);
        let said = fail(dir.path(), "publish oci:in oci:out:15 --erofs");
        assert!(said.contains(expected), "{said}");
    }
    fs::remove_file(dir.path().join("bin/mkfs.erofs")).unwrap();
    if Path::new("/usr/bin/mkfs.erofs").exists() {
        return;
    }
    let said = fail(dir.path(), "publish oci:in oci:out:15 --erofs");
    assert!(said.contains("Cannot run `mkfs.erofs`"), "{said}");
    assert!(said.contains("hint: Install erofs-utils 1.7"), "{said}");
    // Nothing has come of any of these.
    assert!(!dir.path().join("out/index.json").exists());
}

/// Whoever writes a twin by hand is told what is wrong with it.
#[test]
fn a_twin_that_is_none_breaks_its_rule() {
    let dir = folder();
    program(dir.path(), &MKFS.replace("\\342", "\\343"));
    succeed(dir.path(), "publish oci:in oci:out:15 --erofs");
    let output = krunner(dir.path(), "verify oci:out:15");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("linux/amd64+erofs` is no EROFS image"),
        "{said}"
    );
}
