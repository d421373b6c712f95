//! What the engine tests are told: one JSON file, named by `KRUNNER_WORKBENCH`. `tests/engine/workbench.rs` reads it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::{ARCHITECTURES, Debian, Engine, Inputs, Registry, plain, tools};
use crate::console::{Step, talk};
use crate::frontend;
use crate::tree::Tree;

/// The workbench as tests see it. All paths are absolute.
#[derive(Debug, Serialize)]
struct Record {
    /// By version.
    engines: BTreeMap<&'static str, EngineRecord>,
    /// Host and port.
    registry: String,
    /// Its storage, for tests that damage it.
    registry_root: PathBuf,
    /// A tag that every engine has loaded.
    frontend: String,
    /// The same image in the registry.
    frontend_in_registry: String,
    /// The example with its locks.
    example: PathBuf,
    /// For `--build-context`.
    contexts: BTreeMap<String, PathBuf>,
    /// For `--build-arg`.
    build_args: BTreeMap<String, String>,
    /// Images with a C library, the C++ one and busybox, by platform; in every engine.
    images: BTreeMap<String, String>,
    /// The first word of a command in a container of a foreign platform.
    emulators: BTreeMap<String, PathBuf>,
    /// Registry clients by name, those that could be had.
    tools: BTreeMap<&'static str, PathBuf>,
}

/// One engine.
#[derive(Debug, Serialize)]
struct EngineRecord {
    cli: PathBuf,
    host: String,
    config: PathBuf,
}

/// Where the file lies.
pub(super) fn path(tree: &Tree) -> Result<PathBuf> {
    Ok(tree.workbench("run")?.join("workbench.json"))
}

/// Writes the file.
pub(crate) fn write(
    tree: &Tree,
    step: &Step,
    engines: &[Engine],
    registry: &Registry,
    inputs: &Inputs,
) -> Result<PathBuf> {
    let debian = Debian::find(tree)?;
    let platform = |architecture: &str| format!("linux/{architecture}");
    let mut emulators = BTreeMap::new();
    for architecture in ARCHITECTURES
        .into_iter()
        .filter(|name| *name != debian.architecture())
    {
        emulators.insert(
            platform(architecture),
            tools::emulator(&debian, tree, step, architecture)?,
        );
    }
    let mut records = BTreeMap::new();
    for engine in engines {
        let (host, config) = engine.address(tree)?;
        records.insert(
            engine.kind.name(),
            EngineRecord {
                cli: engine.docker.clone(),
                host,
                config,
            },
        );
    }
    let record = Record {
        engines: records,
        registry: registry.address.clone(),
        registry_root: registry.files.clone(),
        frontend: frontend::reference(registry),
        frontend_in_registry: frontend::reference(registry),
        example: inputs.example.clone(),
        contexts: inputs
            .python
            .iter()
            .map(|(name, folder)| (format!("python-{name}"), folder.clone()))
            .collect(),
        build_args: BTreeMap::from([("DEBIAN_MIRROR".to_owned(), inputs.mirror.clone())]),
        images: ARCHITECTURES
            .iter()
            .map(|name| (platform(name), plain(name)))
            .collect(),
        emulators,
        tools: clients(&debian, tree, step)?,
    };
    let path = path(tree)?;
    fs::write(&path, format!("{:#}\n", serde_json::to_value(&record)?))?;
    Ok(path)
}

/// sid changes: a client that it does not offer today is left out, and the tests that use it say so.
fn clients(debian: &Debian, tree: &Tree, step: &Step) -> Result<BTreeMap<&'static str, PathBuf>> {
    let mut clients = BTreeMap::from([("skopeo", tools::skopeo(debian, tree, step)?)]);
    for (name, suite) in [("oras", "trixie"), ("crane", "sid")] {
        match tools::client(debian, tree, step, suite, name) {
            Ok(client) => drop(clients.insert(name, client)),
            Err(error) => talk(&format!(
                "  no {name} from {suite}, tests with it are skipped: {error:#}"
            )),
        }
    }
    Ok(clients)
}
