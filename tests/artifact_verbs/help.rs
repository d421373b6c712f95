//! What the command says of itself.

use std::fs;

use crate::snapshot::krunner_in;

#[test]
fn help_shows_examples() {
    let dir = tempfile::tempdir().unwrap();
    let verbs = [
        "pack",
        "copy",
        "tag",
        "diff",
        "verify",
        "completions",
        "man",
    ];
    let said: Vec<String> = verbs
        .map(|verb| krunner_in(dir.path(), &[verb, "--help"]))
        .into();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn shells_and_man_know_every_verb() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let said = krunner_in(dir.path(), &["completions", shell]);
        assert!(
            said.contains("publish") && said.contains("platform"),
            "{shell}"
        );
    }
    krunner_in(dir.path(), &["man", "pages"]);
    let page = fs::read_to_string(dir.path().join("pages/krunner-copy.1")).unwrap();
    assert!(
        page.contains("oci\\-archive") && page.contains("Examples"),
        "{page}"
    );
    assert!(dir.path().join("pages/krunner.1").is_file());
}
