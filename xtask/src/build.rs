//! The one command line that builds: an example or any other file, by buildx or by 20.10's own `docker build`.

use std::path::Path;
use std::process::Command;

use crate::workbench::{Engine, Inputs, Kind};

/// A build that is being put together.
#[derive(Debug)]
pub(crate) struct Build {
    command: Command,
    kind: Kind,
}

impl Build {
    /// Of a file, with a folder as its context.
    pub(crate) fn new(engine: &Engine, file: &Path, context: &Path) -> Self {
        let mut command = if engine.kind == Kind::V20 {
            engine.docker(["build"])
        } else {
            engine.docker(["buildx", "build", "--provenance=false"])
        };
        command.args(["--progress", "plain", "--file"]);
        command.arg(file).arg(context);
        Self {
            command,
            kind: engine.kind,
        }
    }

    /// Of a folder with a spec, by our frontend.
    pub(crate) fn spec(engine: &Engine, folder: &Path, frontend: &str) -> Self {
        Self::new(engine, &folder.join("krunner.toml"), folder).arg("BUILDKIT_SYNTAX", frontend)
    }

    /// Of an example with its inputs.
    pub(crate) fn example(engine: &Engine, inputs: &Inputs, frontend: &str) -> Self {
        let mut build =
            Self::spec(engine, &inputs.example, frontend).arg("DEBIAN_MIRROR", &inputs.mirror);
        for (name, folder) in inputs.contexts() {
            let context = format!("{name}={}", folder.display());
            build = build.with(["--build-context", &context]);
        }
        build
    }

    /// With an argument for the spec or the Dockerfile.
    pub(crate) fn arg(self, name: &str, value: &str) -> Self {
        self.with(["--build-arg", &format!("{name}={value}")])
    }

    /// For platforms.
    pub(crate) fn platforms(self, platforms: &[&str]) -> Self {
        self.with(["--platform", &platforms.join(",")])
    }

    /// Into the engine, under a name.
    pub(crate) fn tag(mut self, name: &str) -> Self {
        // 20.10 knows no other way.
        if self.kind != Kind::V20 {
            self.command.arg("--load");
        }
        self.with(["--tag", name])
    }

    /// To somewhere else: a value of `--output`.
    pub(crate) fn output(self, output: &str) -> Self {
        self.with(["--output", output])
    }

    /// With further words.
    pub(crate) fn with<const N: usize>(mut self, words: [&str; N]) -> Self {
        self.command.args(words);
        self
    }

    /// The command.
    pub(crate) fn command(self) -> Command {
        self.command
    }
}
