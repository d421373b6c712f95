//! The Dockerfile way: unpack the distribution, build a wheelhouse with pip, install from it, copy the tree.
//! pip runs in the target's own Python, so every foreign platform is emulated.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::serve::{self, Server};
use crate::build::Build;
use crate::command::capture;
use crate::demo::PLATFORMS;
use crate::tree::{Tree, folder};
use crate::workbench::{ARCHITECTURES, Engine, Inputs, PLAIN, Registry};

/// Puts the base images where a build of several platforms finds them, and the context into a folder.
pub(super) fn prepare(
    tree: &Tree,
    engine: &Engine,
    registry: &Registry,
    inputs: &Inputs,
) -> Result<()> {
    for architecture in ARCHITECTURES {
        let name = format!("{}/krunner-base:{architecture}", registry.address);
        capture(&mut engine.docker(["tag", &PLAIN.tag(architecture), &name]))?;
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
pub(super) fn build(
    tree: &Tree,
    engine: &Engine,
    registry: &Registry,
    server: &Server,
    output: &str,
) -> Command {
    let file = tree.root.join("dockerfiles/baseline.Dockerfile");
    let build = Build::new(engine, &file, &tree.target.join("bench/dockerfile"))
        .platforms(&PLATFORMS)
        // The inputs are on the machine's loopback.
        .with(["--network", "host"])
        .arg("REGISTRY", &registry.address)
        .arg("SERVER", &server.url)
        .output(output);
    build.command()
}
