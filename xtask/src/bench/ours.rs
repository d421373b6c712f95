//! Our build of the same two stages, from the same inputs on the same loopback.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::build::NOTHING;
use super::serve::{self, Server};
use super::wheelhouse::{self, Wheels};
use crate::build::Build;
use crate::demo::PLATFORMS;
use crate::tree::{Tree, folder};
use crate::workbench::{Engine, Inputs, python_sum};

/// What is built of the example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    /// The two stages that the Dockerfile way has: a volume that uses the image's glibc.
    Gnu,
    /// What is built by default: with a C runtime, and every module compiled.
    Any,
}

/// The example with its inputs on loopback, and without ttyd.
#[derive(Debug)]
pub(super) struct Ours {
    context: PathBuf,
    frontend: String,
}

impl Ours {
    /// Writes the spec and the lock.
    pub(super) fn new(
        tree: &Tree,
        inputs: &Inputs,
        wheels: &Wheels,
        server: &Server,
        frontend: &str,
        flavour: Flavour,
    ) -> Result<Self> {
        let context = folder(
            tree.target
                .join(format!("bench/{flavour:?}").to_lowercase()),
        )?;
        let mut spec: Table = fs::read_to_string(inputs.example.join("krunner.toml"))?.parse()?;
        for unused in ["ttyd", "files"] {
            spec.remove(unused);
        }
        if flavour == Flavour::Gnu {
            spec.remove("runtime");
            let volume = spec.get_mut("volume").and_then(Value::as_table_mut);
            let volume = volume.context("The example has no `[volume]`")?;
            volume.insert("libc".to_owned(), "gnu".into());
        }
        let python = spec
            .get_mut("python")
            .and_then(Value::as_table_mut)
            .context("The example has no `[python]`")?;
        for (architecture, source) in &inputs.python {
            let archive = fs::read_dir(source)?
                .flatten()
                .next()
                .context("No distribution was made")?
                .path();
            let name = archive
                .strip_prefix(serve::folder(tree)?)?
                .display()
                .to_string();
            let entries = [
                (
                    "url".to_owned(),
                    format!("{}/{}", server.url, name.replace('+', "%2B")).into(),
                ),
                ("sha256".to_owned(), python_sum(&archive)?.into()),
            ];
            python.insert(
                (*architecture).to_owned(),
                Value::Table(Table::from_iter(entries)),
            );
        }
        fs::write(context.join("krunner.toml"), spec.to_string())?;
        fs::write(
            context.join("pylock.toml"),
            wheelhouse::lock(inputs, wheels, &server.url)?,
        )?;
        Ok(Self {
            context,
            frontend: frontend.to_owned(),
        })
    }

    /// Python and wheels of both platforms. The spec has no ttyd, so the whole volume is those two, a few folders
    /// and, with `any`, the C runtime (the one input that is not on loopback).
    pub(super) fn stages(&self, engine: &Engine, inputs: &Inputs, output: &str) -> Command {
        let build = Build::spec(engine, &self.context, &self.frontend);
        let build = build.arg("DEBIAN_MIRROR", &inputs.mirror);
        build.platforms(&PLATFORMS).output(output).command()
    }

    /// The spec.
    pub(super) fn spec(&self) -> PathBuf {
        self.context.join("krunner.toml")
    }

    /// The frontend's image, as builds name it.
    pub(super) fn frontend(&self) -> &str {
        &self.frontend
    }

    /// ttyd of both platforms, from the example itself.
    pub(super) fn ttyd(&self, engine: &Engine, inputs: &Inputs) -> Command {
        let build = Build::example(engine, inputs, &self.frontend);
        let build = build.with(["--target", "ttyd"]);
        build.platforms(&PLATFORMS).output(NOTHING).command()
    }
}
