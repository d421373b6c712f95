//! `publish`, `pull`, `path` and `inspect`, as a user sees them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;
use std::process::Command;

use common::layout;

/// Runs `krunner` in a folder that holds `in`, a hand-made layout, and shows all that a user would see.
fn krunner(dir: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_krunner"))
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("KRUNNER_STORE", dir.join("store"))
        .output()
        .unwrap();
    let text = format!(
        "exit code: {:?}\n----- stdout -----\n{}----- stderr -----\n{}",
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    text.replace(&dir.display().to_string(), "[DIR]")
}

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
                krunner(dir.path(), args)
            )
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_fails_says_what_and_what_to_do() {
    let dir = folder();
    krunner(dir.path(), &["publish", "oci:in", "oci:out:15"]);
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
                krunner(dir.path(), args)
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
        .map(|verb| krunner(dir.path(), &[verb, "--help"]))
        .into();
    insta::assert_snapshot!(said.join("\n"));
}
