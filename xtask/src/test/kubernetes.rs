//! The Kubernetes examples, held against Kubernetes' own schemas: every field must be one that it knows.

use anyhow::Result;

use super::Outcome;
use crate::command::{log, program, show};
use crate::console::Steps;
use crate::tree::{Tree, folder};
use crate::workbench::pip;

/// Carries the schemas of all releases of the last years.
const PACKAGE: &str = "kubernetes-validate==1.37.0";
/// The first release with image volumes, and the newest one that there are schemas of.
const RELEASES: [&str; 2] = ["1.31", "1.37"];
/// All that there is.
const EXAMPLES: &str = "examples/node/kubernetes";

/// Runs it.
pub(super) fn run(tree: &Tree) -> Result<Outcome> {
    let home = tree.workbench("python")?.join(PACKAGE);
    let tool = home.join("bin/kubernetes-validate");
    if !tool.exists() {
        let ready = Steps::new(tree)?.run("kubernetes-validate", |step| {
            let mut pip = pip()?;
            pip.args(["install", "--upgrade", "--target"])
                .arg(folder(home.clone())?);
            log(pip.arg(PACKAGE), step)
        });
        if let Err(error) = ready {
            return Ok(Outcome::Skipped(format!("{error:#}")));
        }
    }
    let mut files = Vec::new();
    for entry in tree.root.join(EXAMPLES).read_dir()? {
        files.push(entry?.path());
    }
    files.sort();
    for release in RELEASES {
        let mut check = program("python3", [&tool]);
        check
            .env("PYTHONPATH", &home)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args(["--strict", "--quiet", "--kubernetes-version", release]);
        show(check.args(&files))?;
    }
    Ok(Outcome::Passed)
}
