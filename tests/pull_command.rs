//! `publish`, `pull`, `path` and `inspect`, as a user sees them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod snapshot;

use common::layout;
use snapshot::krunner_in;

/// A folder that holds `in`, a hand-made layout.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    layout::small().write(&dir.path().join("in"));
    dir
}

#[test]
fn the_way_from_a_layout_to_a_path() {
    let dir = folder();
    let steps: &[&[&str]] = &[
        &["publish", "oci:in", "oci:out:15"],
        &["inspect", "oci:out:15"],
        &["pull", "oci:out:15", "--platform", "linux/amd64"],
        &["pull", "oci:out:15", "--platform", "linux/amd64"],
        &["path", "oci:out:15", "--platform", "linux/amd64"],
        &[
            "path",
            "oci:out:15",
            "--platform",
            "linux/amd64",
            "--output",
            "json",
        ],
    ];
    let said: Vec<String> = steps
        .iter()
        .map(|args| {
            format!(
                "$ krunner {}\n{}",
                args.join(" "),
                krunner_in(dir.path(), args)
            )
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_fails_says_what_and_what_to_do() {
    let dir = folder();
    krunner_in(dir.path(), &["publish", "oci:in", "oci:out:15"]);
    let steps: &[&[&str]] = &[
        &["path", "oci:out:15", "--platform", "linux/arm64"],
        &["pull", "oci:out:16", "--platform", "linux/arm64"],
        &["path", "oci:out:16", "--platform", "linux/arm64"],
        &["pull", "oci:in", "--platform", "linux/amd64"],
        &["pull", "oci:nowhere"],
        &["pull", "127.0.0.1:1/krunner:15"],
        &["pull", "user:s3cret@registry.example.com/krunner"],
        &["pull", "krunner:15"],
        &["pull", "docker-archive:x.tar"],
        &["publish", "oci:in", "oci-archive:out.tar"],
        &["publish", "oci:in", "oci:in", "oci:twice"],
        &["publish", "oci:in", "oci:out", "--level", "23"],
    ];
    let said: Vec<String> = steps
        .iter()
        .map(|args| {
            format!(
                "$ krunner {}\n{}",
                args.join(" "),
                krunner_in(dir.path(), args)
            )
        })
        .collect();
    assert!(
        !said
            .join("\n")
            .split("$ krunner")
            .any(|part| part.contains("stderr")
                && part.split("stderr").nth(1).unwrap().contains("s3cret"))
    );
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn help_shows_examples() {
    let dir = folder();
    let said: Vec<String> = ["publish", "pull", "path", "inspect"]
        .map(|verb| krunner_in(dir.path(), &[verb, "--help"]))
        .into();
    insta::assert_snapshot!(said.join("\n"));
}
