//! Wheel locks for the example, written by uv. They name hosts, so they are generated where they are used.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::python;
use crate::command::{log, program};
use crate::console::Step;
use crate::tree::Tree;

/// The locks of an example: what is wanted, and what pins it.
const LOCKS: [(&str, &str); 2] = [
    ("requirements.txt", "pylock.toml"),
    ("toolchain-requirements.txt", "pylock.toolchain.toml"),
];
/// uv, pinned: another version may write other bytes.
const UV: &str = "0.13.9";

/// Writes the locks of an example that are missing or older than their requirements.
pub(crate) fn make(tree: &Tree, step: &Step, example: &Path) -> Result<()> {
    for (wanted, lock) in LOCKS {
        let requirements = example.join(wanted);
        if !requirements.exists() || newer(&example.join(lock), &requirements) {
            continue;
        }
        let uv = python::tool(tree, step, "uv", UV, "uv")?;
        step.at(&format!("locking {wanted}"));
        let mut command = program(
            uv,
            [
                "pip",
                "compile",
                "--universal",
                "--format",
                "pylock.toml",
                "--no-header",
            ],
        );
        command
            .args(["--python-version", "3.13", "--output-file", lock, wanted])
            .current_dir(example);
        if let Some(index) = python::index() {
            command.args(["--index-url", &index]);
        }
        log(&mut command, step)
            .with_context(|| format!("Cannot lock `{}`", requirements.display()))?;
    }
    Ok(())
}

fn newer(lock: &Path, requirements: &Path) -> bool {
    let time = |path| fs::metadata(path).and_then(|data| data.modified()).ok();
    time(lock) >= time(requirements)
}
