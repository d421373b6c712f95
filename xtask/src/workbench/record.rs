//! What the engine tests are told: one JSON file, named by `KRUNNER_WORKBENCH`. `tests/engine/workbench.rs` reads it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::machine::{self, Machine};
use super::{ARCHITECTURES, Debian, Engine, IMAGES, Inputs, Pulp, Registry, published, tools};
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
    /// A registry that wants to know who asks, where it could be had.
    pulp: Option<PulpRecord>,
    /// A tag that every engine has loaded.
    frontend: String,
    /// The same image in the registry.
    frontend_in_registry: String,
    /// The examples by name.
    examples: BTreeMap<&'static str, ExampleRecord>,
    /// For `--build-arg`.
    build_args: BTreeMap<String, String>,
    /// Images without a Python, by name and platform, as far as they could be had. All are in engine 26.1; every
    /// engine has `plain`, with glibc, libstdc++ and busybox.
    images: BTreeMap<&'static str, BTreeMap<String, String>>,
    /// The volume that is replaced, for this machine's architecture.
    published: PathBuf,
    /// The first word of a command in a container of a foreign platform.
    emulators: BTreeMap<String, PathBuf>,
    /// Registries, their clients, and what signs and unpacks, by name: those that could be had.
    tools: BTreeMap<&'static str, PathBuf>,
    /// What machines are made of that tests switch off, where it could be had.
    machine: Option<Machine>,
}

/// One engine.
#[derive(Debug, Serialize)]
struct EngineRecord {
    cli: PathBuf,
    host: String,
    config: PathBuf,
}

/// A registry and who may do everything there.
#[derive(Debug, Serialize)]
struct PulpRecord {
    address: String,
    user: &'static str,
    password: &'static str,
}

/// One example.
#[derive(Debug, Serialize)]
struct ExampleRecord {
    /// Its folder, with its locks.
    folder: PathBuf,
    /// For `--build-context`.
    contexts: BTreeMap<String, PathBuf>,
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
    pulp: Option<&Pulp>,
    inputs: &[Inputs],
) -> Result<PathBuf> {
    let debian = Debian::find(tree)?;
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
        pulp: pulp.map(|pulp| PulpRecord {
            address: pulp.address.clone(),
            user: Pulp::USER,
            password: Pulp::PASSWORD,
        }),
        frontend: frontend::reference(registry),
        frontend_in_registry: frontend::reference(registry),
        examples: inputs.iter().map(example).collect(),
        build_args: inputs
            .iter()
            .map(|inputs| ("DEBIAN_MIRROR".to_owned(), inputs.mirror.clone()))
            .collect(),
        images: images(engines),
        published: published(tree, step, debian.architecture())?,
        emulators,
        tools: clients(&debian, tree, step)?,
        machine: machine(&debian, tree, step),
    };
    let path = path(tree)?;
    fs::write(&path, format!("{:#}\n", serde_json::to_value(&record)?))?;
    Ok(path)
}

fn example(inputs: &Inputs) -> (&'static str, ExampleRecord) {
    let contexts = inputs.contexts();
    let record = ExampleRecord {
        folder: inputs.example.clone(),
        contexts: contexts
            .map(|(name, folder)| (name, folder.to_owned()))
            .collect(),
    };
    (inputs.name.name(), record)
}

/// What the first engine has.
fn images(engines: &[Engine]) -> BTreeMap<&'static str, BTreeMap<String, String>> {
    let mut images = BTreeMap::new();
    let there = |tag: &String| engines.first().is_some_and(|engine| engine.has(tag));
    for image in &IMAGES {
        let tags = ARCHITECTURES.map(|name| (platform(name), image.tag(name)));
        let tags: BTreeMap<_, _> = tags.into_iter().filter(|(_, tag)| there(tag)).collect();
        images.insert(image.name, tags);
    }
    images
}

fn platform(architecture: &str) -> String {
    format!("linux/{architecture}")
}

/// Registry clients, signers and unpackers that are one program in a package of the same name, and the suite they are from.
const CLIENTS: [(&str, &str); 4] = [
    ("oras", "trixie"),
    ("crane", "sid"),
    ("umoci", "sid"),
    ("cosign", "trixie"),
];

/// sid changes: a client that it does not offer today is left out, and the tests that use it say so.
fn clients(debian: &Debian, tree: &Tree, step: &Step) -> Result<BTreeMap<&'static str, PathBuf>> {
    let mut clients = BTreeMap::from([
        ("skopeo", tools::skopeo(debian, tree, step)?),
        ("docker-registry", tools::registry(debian, tree, step)?),
    ]);
    let plain = CLIENTS.map(|(name, suite)| {
        let client = tools::client(debian, tree, step, suite, name);
        (name, suite, client)
    });
    let erofs = "mkfs.erofs";
    let mkfs = tools::mkfs_erofs(debian, tree, step);
    for (name, suite, client) in plain.into_iter().chain([(erofs, "trixie", mkfs)]) {
        match client {
            Ok(client) => drop(clients.insert(name, client)),
            Err(error) => talk(&format!(
                "  no {name} from {suite}, tests with it are skipped: {error:#}"
            )),
        }
    }
    Ok(clients)
}

/// Debian has that kernel for one architecture.
fn machine(debian: &Debian, tree: &Tree, step: &Step) -> Option<Machine> {
    let made = machine::make(debian, tree, step);
    made.inspect_err(|error| {
        talk(&format!(
            "  no user-mode-linux, tests with machines are skipped: {error:#}"
        ));
    })
    .ok()
}
