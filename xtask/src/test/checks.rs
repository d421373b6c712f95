//! What needs nothing but Rust: formats, lints, documentation, generated files, and the tests without engines.

use anyhow::Result;

use super::{Count, Outcome};
use crate::command::{program, show, works};
use crate::frontend::cargo;
use crate::generated;
use crate::tree::Tree;

/// Runs them all.
pub(super) fn run(tree: &Tree, count: &mut Count) {
    let mut check = |name: &str, args: &[&str], flags: Option<(&str, &str)>| {
        count.check(name, || {
            let mut cargo = cargo(tree, args.iter().copied());
            cargo.envs(flags);
            show(&mut cargo).map(|()| Outcome::Passed)
        });
    };
    check("format", &["fmt", "--all", "--check"], None);
    check(
        "lints",
        &[
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        None,
    );
    // What the frontend sees of the library: other features would hide what is missing there.
    let bare = [
        "clippy",
        "--locked",
        "-p",
        "krunner",
        "--no-default-features",
        "--lib",
        "--",
        "-D",
        "warnings",
    ];
    check("lints of the library without features", &bare, None);
    let doc = ["doc", "--locked", "--workspace", "--no-deps"];
    check("documentation", &doc, Some(("RUSTDOCFLAGS", "-D warnings")));
    count.check("generated files", || {
        generated::run(true).map(|()| Outcome::Passed)
    });
    count.check("tests", || tests(tree));
    count.check("tests in the documentation", || {
        show(&mut cargo(
            tree,
            ["test", "--locked", "--workspace", "--doc"],
        ))
        .map(|()| Outcome::Passed)
    });
}

/// All but the engine and machine tiers, which have their own checks.
fn tests(tree: &Tree) -> Result<Outcome> {
    let mut command = if works(&mut program("cargo", ["nextest", "--version"])) {
        let everything = [
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--no-fail-fast",
            "--status-level",
            "fail",
            "-E",
            "not binary(engine) and not binary(machine)",
        ];
        cargo(tree, everything)
    } else {
        cargo(
            tree,
            [
                "test",
                "--locked",
                "--workspace",
                "--lib",
                "--bins",
                "--tests",
                "--no-fail-fast",
            ],
        )
    };
    command.env_remove("KRUNNER_WORKBENCH");
    show(&mut command).map(|()| Outcome::Passed)
}
