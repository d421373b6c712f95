//! The Dockerfile way: unpack the distribution, build a wheelhouse with pip, install from it, copy the tree.
//! pip runs in the target's own Python, so every foreign platform is emulated.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::ours::OUTPUT;
use super::serve::{self, Server};
use crate::command::capture;
use crate::tree::{Tree, folder};
use crate::workbench::{ARCHITECTURES, Engine, Inputs, Registry, plain};

/// Puts the base images where a build of several platforms finds them, and the context into a folder.
pub(super) fn prepare(
    tree: &Tree,
    engine: &Engine,
    registry: &Registry,
    inputs: &Inputs,
) -> Result<()> {
    for architecture in ARCHITECTURES {
        let name = format!("{}/krunner-base:{architecture}", registry.address);
        capture(&mut engine.docker(["tag", &plain(architecture), &name]))?;
        capture(&mut engine.docker(["push", &name]))?;
    }
    for (architecture, python) in &inputs.python {
        let served = serve::folder(tree)?.join(format!("python-{architecture}.tar.gz"));
        let archive = fs::read_dir(python)?
            .flatten()
            .next()
            .context("No distribution was made")?;
        fs::copy(archive.path(), served)?;
    }
    let context = folder(tree.target.join("bench/dockerfile"))?;
    fs::copy(
        inputs.example.join("requirements.txt"),
        context.join("requirements.txt"),
    )?;
    Ok(())
}

/// The build of both platforms.
pub(super) fn build(tree: &Tree, engine: &Engine, registry: &Registry, server: &Server) -> Command {
    let mut command = engine.docker([
        "buildx",
        "build",
        "--progress",
        "plain",
        "--provenance=false",
    ]);
    // The inputs are on the machine's loopback.
    command.args(["--network", "host", "--platform", "linux/amd64,linux/arm64"]);
    command.args(["--build-arg", &format!("REGISTRY={}", registry.address)]);
    command.args(["--build-arg", &format!("SERVER={}", server.url)]);
    command.args(["--output", OUTPUT]);
    command
        .arg("--file")
        .arg(tree.root.join("dockerfiles/baseline.Dockerfile"));
    command.arg(tree.target.join("bench/dockerfile"));
    command
}
