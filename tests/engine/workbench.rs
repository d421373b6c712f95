//! What the machine offers, as `cargo xtask workbench env` wrote it down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;

/// Engines, registry, inputs and tools. Paths are absolute.
#[derive(Debug, Deserialize)]
pub(crate) struct Workbench {
    /// By version: `20.10`, `26.1`, `28.5`, or `host`.
    pub(crate) engines: BTreeMap<String, Engine>,
    /// Host and port of a plain-HTTP registry on loopback.
    pub(crate) registry: String,
    /// Where that registry keeps its blobs, to damage them.
    pub(crate) registry_root: PathBuf,
    /// A registry that wants to know who asks, if it could be had.
    #[serde(default)]
    pub(crate) pulp: Option<Pulp>,
    /// The frontend under a tag that every engine has loaded.
    pub(crate) frontend: String,
    /// The same image in the registry.
    pub(crate) frontend_in_registry: String,
    /// The examples by name: `any`, `static-gnu`, `musl`.
    pub(crate) examples: BTreeMap<String, Example>,
    /// `NAME=VALUE` for `--build-arg`.
    pub(crate) build_args: BTreeMap<String, String>,
    /// Images without a Python, by name and platform, as far as they could be had. Every engine has `plain`, with
    /// glibc, libstdc++ and busybox; [`Workbench::engine`] has them all.
    pub(crate) images: BTreeMap<String, BTreeMap<String, String>>,
    /// The volume that is replaced, as it was published for this machine.
    pub(crate) published: PathBuf,
    /// User-mode emulators by platform, to be the first word of a command; no handler is registered.
    pub(crate) emulators: BTreeMap<String, PathBuf>,
    /// `skopeo`, `oras`, `crane`, `umoci`, `cosign` and `mkfs.erofs`, as far as they could be had.
    pub(crate) tools: BTreeMap<String, PathBuf>,
}

/// A registry and who may do everything there.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Pulp {
    /// Host and port.
    pub(crate) address: String,
    pub(crate) user: String,
    pub(crate) password: String,
}

/// One example.
#[derive(Debug, Deserialize)]
pub(crate) struct Example {
    /// Its folder, with its locks generated.
    pub(crate) folder: PathBuf,
    /// `NAME=DIR` for `--build-context`.
    pub(crate) contexts: BTreeMap<String, PathBuf>,
}

/// One engine and the command line that speaks to it.
#[derive(Debug, Deserialize)]
pub(crate) struct Engine {
    /// The Docker command.
    pub(crate) cli: PathBuf,
    /// What `DOCKER_HOST` must be.
    pub(crate) host: String,
    /// What `DOCKER_CONFIG` must be: a folder with the buildx plugin.
    pub(crate) config: PathBuf,
}

impl Workbench {
    /// The workbench, or `None` after printing why there is none.
    pub(crate) fn open() -> Option<Self> {
        crate::common::workbench()
    }

    /// The engine that most tests use.
    pub(crate) fn engine(&self) -> &Engine {
        self.engines
            .get("26.1")
            .or_else(|| self.engines.values().next())
            .unwrap()
    }

    /// The engines with the containerd store and buildx: all but 20.10.
    pub(crate) fn modern(&self) -> impl Iterator<Item = &Engine> {
        let modern = self
            .engines
            .iter()
            .filter(|(version, _)| *version != "20.10");
        modern.map(|(_, engine)| engine)
    }

    /// An engine of this version, or `None` after printing that it could not be had.
    pub(crate) fn engine_of(&self, version: &str) -> Option<&Engine> {
        let engine = self.engines.get(version);
        if engine.is_none() {
            eprintln!("skipped: no engine {version} on this machine");
        }
        engine
    }

    /// The example that most tests build.
    pub(crate) fn example(&self) -> &Example {
        &self.examples["static-gnu"]
    }

    /// An image, or `None` after printing that it could not be had.
    pub(crate) fn image(&self, name: &str, platform: &str) -> Option<&str> {
        let image = self.images[name].get(platform);
        if image.is_none() {
            eprintln!("skipped: no image {name} for {platform}");
        }
        image.map(String::as_str)
    }

    /// A tool, or `None` after printing that it could not be had.
    pub(crate) fn tool(&self, name: &str) -> Option<Command> {
        let tool = self.tools.get(name);
        if tool.is_none() {
            eprintln!("skipped: no {name} on this machine");
        }
        tool.map(Command::new)
    }
}

impl Engine {
    /// The Docker command, speaking to this engine.
    pub(crate) fn docker(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.cli);
        command
            .env("DOCKER_HOST", &self.host)
            .env("DOCKER_CONFIG", &self.config)
            .args(arguments);
        command
    }
}

/// The `krunner` command with a store of its own.
pub(crate) fn krunner(store: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_krunner"));
    command.env("KRUNNER_STORE", store).args(arguments);
    command
}

/// Runs to success and returns stdout, or fails the test with everything that was said.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs to failure and returns all that was said.
#[track_caller]
pub(crate) fn fail(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        !output.status.success(),
        "should have failed: {command:?}\n{}",
        said(&output)
    );
    said(&output)
}

/// All that a command said.
pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
