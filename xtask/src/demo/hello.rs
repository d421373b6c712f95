//! The proof: the volume's Python, mounted read-only into an image of the platform.

use std::path::Path;

use anyhow::{Context, Result};

use crate::command::{capture, program};
use crate::console::Step;
use crate::tree::Tree;
use crate::workbench::{Debian, Engine, Image, Kind, emulator};

/// What is run.
const COMMAND: [&str; 3] = ["/opt/backend.ai/bin/python", "-c", "print(\"hello\")"];

/// Runs it and gives what it said. A foreign platform's program is the argument of a static emulator that is mounted
/// beside it: no handler gets registered, so the machine stays as it is.
pub(super) fn run(
    tree: &Tree,
    step: &Step,
    engine: &Engine,
    image: &Image,
    platform: &str,
    volume: &Path,
) -> Result<String> {
    let architecture = platform
        .rsplit('/')
        .next()
        .context("A platform has a slash")?;
    let mut command = engine.docker(["run", "--rm", "--network", "none", "--read-only"]);
    if engine.kind != Kind::V20 {
        command.args(["--platform", platform]);
    }
    command
        .arg("--volume")
        .arg(format!("{}:/opt/backend.ai:ro", volume.display()));
    if architecture == machine()? {
        command.arg(image.tag(architecture)).args(COMMAND);
    } else {
        let emulator = emulator(&Debian::find(tree)?, tree, step, architecture)?;
        command
            .arg("--volume")
            .arg(format!("{}:/emulator:ro", emulator.display()));
        command
            .arg(image.tag(architecture))
            .arg("/emulator")
            .args(COMMAND);
    }
    capture(&mut command)
}

/// The machine's architecture, as Docker calls it.
fn machine() -> Result<&'static str> {
    Ok(match capture(&mut program("uname", ["-m"]))?.as_str() {
        "aarch64" => "arm64",
        _ => "amd64",
    })
}
