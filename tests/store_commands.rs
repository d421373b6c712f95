//! `volumes`, `rollback`, `lease`, `release`, `gc` and `fsck`, as a user sees them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod snapshot;

use std::fs;
use std::path::Path;

use common::layout::{Images, Tar};
use common::publish_images;
use snapshot::krunner_in;

fn publish(dir: &Path, version: &str) {
    let tar = Tar::default().file("version", version.as_bytes()).finish();
    publish_images(dir, &Images::one(tar));
}

fn say(dir: &Path, steps: &[&[&str]]) -> String {
    let said: Vec<String> = steps
        .iter()
        .map(|args| format!("$ krunner {}\n{}", args.join(" "), krunner_in(dir, args)))
        .collect();
    said.join("\n")
}

const AMD64: [&str; 2] = ["--platform", "linux/amd64"];

#[test]
fn two_versions_of_a_volume_from_pull_to_gc() {
    let dir = tempfile::tempdir().unwrap();
    let pull = ["pull", "oci:out:15", AMD64[0], AMD64[1]];
    let lease = ["lease", "oci:out:15", AMD64[0], AMD64[1], "--id", "box"];
    publish(dir.path(), "1");
    let mut said = say(dir.path(), &[&pull, &lease]);
    publish(dir.path(), "2");
    said += &say(
        dir.path(),
        &[
            &pull,
            &["volumes"],
            &["rollback", "oci:out:15"],
            &["rollback", "oci:out:15"],
            &["rollback", "oci:out:16"],
            &["volumes", "--output", "json"],
            &["release", "box"],
            &["release", "box"],
            &["gc", "--dry-run", "--keep-last", "1", "--output", "json"],
            &["gc", "--keep-last", "1"],
            &["gc"],
            &["volumes"],
            &["fsck"],
        ],
    );
    insta::assert_snapshot!(said);
}

#[test]
fn damage_is_told_with_what_to_do_about_it() {
    let dir = tempfile::tempdir().unwrap();
    publish(dir.path(), "1");
    let pull = ["pull", "oci:out:15", AMD64[0], AMD64[1]];
    krunner_in(dir.path(), &pull);
    let store = dir.path().join("store");
    let volume = fs::read_dir(store.join("volumes")).unwrap().next();
    let volume = volume.unwrap().unwrap().path().join("fs");
    fs::write(volume.join("more"), b"more").unwrap();
    fs::write(store.join("names/broken.json"), b"{").unwrap();
    let said = say(
        dir.path(),
        &[
            &["fsck"],
            &["gc"],
            &["fsck", "--repair", "--output", "json"],
            &["fsck"],
            &["gc", "--keep-last", "0"],
            &["lease", "oci:out:15", AMD64[0], AMD64[1], "--id", "a\tb"],
        ],
    );
    insta::assert_snapshot!(said);
}

#[test]
fn help_shows_examples() {
    let dir = tempfile::tempdir().unwrap();
    let said: Vec<String> = ["volumes", "rollback", "lease", "release", "gc", "fsck"]
        .map(|verb| krunner_in(dir.path(), &[verb, "--help"]))
        .into();
    insta::assert_snapshot!(said.join("\n"));
}
