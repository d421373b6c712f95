//! The main job on real input, from one spec to a Python that says hello in a container of each architecture.

mod build;
mod hello;
mod table;

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::command::{capture, program};
use crate::console::{Steps, print, talk};
use crate::daemon::Life;
use crate::frontend;
use crate::tree::{Tree, folder};
use crate::workbench::{self, EMPTY, Engine, Example, Image, Kind, MUSL, PLAIN, Registry};

/// What the volume is built for.
pub(crate) const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

/// Runs the demo.
pub(crate) fn run(kind: Option<Kind>, example: Example, keep: bool) -> Result<()> {
    let tree = Tree::find()?;
    let kind = kind.unwrap_or_else(|| {
        if workbench::host_works() {
            Kind::Host
        } else {
            Kind::V26
        }
    });
    let life = if keep { Life::Own } else { Life::Ours };
    let mut steps = Steps::new(&tree)?;
    talk(&format!(
        "krunner demo of `{}` with engine {}; logs in `{}`\n",
        example.name(),
        kind.name(),
        tree.workbench("log")?.display()
    ));

    let engine = steps.run(&format!("Engine {}", kind.name()), |step| {
        let engine = Engine::open(&tree, step, kind, life)?;
        workbench::load_images(&tree, step, &engine, images(example))?;
        step.note(format!("Docker {}", engine.version));
        Ok(engine)
    })?;
    let registry = steps.run("Registry on loopback", |step| {
        let registry = Registry::open(&tree, step, life)?;
        step.note(&registry.address);
        Ok(registry)
    })?;
    let inputs = steps.run("Real inputs", |step| {
        workbench::inputs(&tree, step, example)
    })?;
    let krunner = steps.run("Command krunner", |step| frontend::krunner(&tree, step))?;
    let binary = steps.run("Frontend", |step| frontend::binary(&tree, step))?;
    let frontend = steps.run("Frontend image", |step| {
        frontend::image(&tree, step, &engine, Some(&registry), &binary)
    })?;

    let demo = Demo {
        home: folder(tree.target.join("demo"))?,
        krunner,
        registry: registry.address.clone(),
        example,
    };
    let built = steps.run("Build both platforms", |step| {
        build::build(&demo, step, &engine, &inputs, &frontend)
    })?;
    let folder_digest = steps.run("Publish to a folder", |step| {
        demo.publish(step, &built, &demo.folder_reference())
    })?;
    let digest = steps.run("Publish to the registry", |step| {
        demo.publish(step, &built, &demo.reference())
    })?;
    anyhow::ensure!(
        digest == folder_digest,
        "The folder has {folder_digest}, the registry {digest}"
    );
    let _ = fs::remove_dir_all(demo.node());
    let mut volumes = Vec::new();
    for platform in PLATFORMS {
        volumes.push((
            platform,
            steps.run(&format!("Pull {platform}"), |_| demo.pull(platform))?,
        ));
    }
    for (platform, volume) in &volumes {
        for image in images(example) {
            let title = format!("Run {platform} in {}", image.name);
            let said = steps.run(&title, |step| {
                hello::run(&tree, step, &engine, image, platform, volume)
            })?;
            print(&said);
        }
    }
    table::print_all(&steps, &demo, &digest)?;
    next(&tree, &engine, &registry, &demo)
}

/// The folder of the demo and the command that works in it.
pub(crate) struct Demo {
    /// `target/demo`.
    pub(crate) home: PathBuf,
    krunner: PathBuf,
    registry: String,
    example: Example,
}

impl Demo {
    /// `oci:DIR:TAG` of the published folder.
    pub(crate) fn folder_reference(&self) -> String {
        let published = self.home.join("published");
        format!("oci:{}:{}", published.display(), self.example.tag())
    }

    /// The published name in the registry.
    pub(crate) fn reference(&self) -> String {
        format!("{}/krunner:{}", self.registry, self.example.tag())
    }

    /// The node's store.
    fn node(&self) -> PathBuf {
        self.home.join("store")
    }

    /// `krunner` with a store.
    fn krunner(&self, store: PathBuf, args: &[&str]) -> std::process::Command {
        let mut command = program(&self.krunner, args);
        command.env("KRUNNER_STORE", store);
        command
    }

    /// Publishes and gives the index digest. Compressed layers are kept in a store of the publisher's own.
    fn publish(&self, step: &crate::console::Step, built: &[String], to: &str) -> Result<String> {
        let mut command = self.krunner(self.home.join("publisher"), &["publish"]);
        let digest = capture(command.args(built).arg(to))?;
        step.note(&digest);
        Ok(digest)
    }

    /// Pulls from the registry into the node's store and gives the path to be mounted.
    fn pull(&self, platform: &str) -> Result<PathBuf> {
        let reference = self.reference();
        capture(&mut self.krunner(self.node(), &["pull", &reference, "--platform", platform]))?;
        let path =
            capture(&mut self.krunner(self.node(), &["path", &reference, "--platform", platform]))?;
        Ok(path.into())
    }

    /// What `krunner inspect` says.
    fn inspect(&self) -> Result<serde_json::Value> {
        let reference = self.folder_reference();
        let said =
            capture(&mut self.krunner(self.node(), &["inspect", &reference, "--output", "json"]))?;
        Ok(serde_json::from_str(&said)?)
    }
}

/// Where the volume of an example is run: those with a C runtime of their own run where nothing is, too.
fn images(example: Example) -> &'static [Image] {
    match example {
        Example::Any => &[PLAIN, EMPTY],
        Example::StaticGnu => &[PLAIN],
        Example::Musl => &[MUSL],
    }
}

/// What to try next.
fn next(tree: &Tree, engine: &Engine, registry: &Registry, demo: &Demo) -> Result<()> {
    let krunner = demo
        .krunner
        .strip_prefix(&tree.root)
        .unwrap_or(&demo.krunner);
    talk("\nNext:");
    talk(&format!(
        "  {} inspect {}",
        krunner.display(),
        demo.folder_reference()
    ));
    talk(&format!(
        "  {} plan examples/{}/krunner.toml --platform linux/arm64 --build-arg DEBIAN_MIRROR=…",
        krunner.display(),
        demo.example.name()
    ));
    if engine.started() || registry.started() {
        talk("  cargo xtask workbench up      # the same engine and registry, to stay");
        talk(&format!(
            "  {}/docker-26.1 buildx ls",
            tree.workbench("bin")?.display()
        ));
    } else {
        talk("  cargo xtask workbench down    # stops what stayed");
    }
    talk("  cargo xtask test");
    Ok(())
}
