//! The Kubernetes examples, held against Kubernetes' own schemas: every field must be one that it knows.

use anyhow::Result;

use super::Outcome;
use crate::command::{program, show};
use crate::console::Steps;
use crate::tree::Tree;
use crate::workbench::python_installed;

/// Carries the schemas of all releases of the last years.
const PACKAGE: (&str, &str) = ("kubernetes-validate", "1.37.0");
/// The first release with image volumes, and the newest one that there are schemas of.
const RELEASES: [&str; 2] = ["1.31", "1.37"];
/// All that there is.
const EXAMPLES: &str = "examples/node/kubernetes";

/// Runs it.
pub(super) fn run(tree: &Tree) -> Result<Outcome> {
    let (package, version) = PACKAGE;
    let ready = Steps::new(tree)?.run(package, |step| {
        python_installed(tree, step, package, version, package, &[])
    });
    let home = match ready {
        Ok(home) => home,
        Err(error) => return Ok(Outcome::Skipped(format!("{error:#}"))),
    };
    let mut files = Vec::new();
    for entry in tree.root.join(EXAMPLES).read_dir()? {
        files.push(entry?.path());
    }
    files.sort();
    for release in RELEASES {
        let mut check = program("python3", [home.join("bin").join(package)]);
        check
            .env("PYTHONPATH", &home)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args(["--strict", "--quiet", "--kubernetes-version", release]);
        show(check.args(&files))?;
    }
    Ok(Outcome::Passed)
}
