//! The workbench: real engines, a real registry and real inputs on a machine that has none of them.
//!
//! Everything lies below `target/workbench`; nothing is installed in the system, no handler is registered,
//! no daemon of the machine is touched. Delete the folder and it was never there.

mod debian;
mod distribution;
mod engine;
mod example;
mod images;
mod kind;
mod lock;
mod machine;
mod pulp;
mod python;
mod record;
mod registry;
mod tools;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Subcommand;

pub(crate) use debian::Debian;
pub(crate) use distribution::{published, published_archive};
pub(crate) use engine::{Engine, host_works};
pub(crate) use example::Example;
pub(crate) use images::{ARCHITECTURES, EMPTY, IMAGES, Image, MUSL, PLAIN, load as load_images};
pub(crate) use kind::Kind;
pub(crate) use pulp::Pulp;
pub(crate) use python::{
    installed as python_installed, pip, sum as python_sum, tool as python_tool,
};
pub(crate) use record::write as write_record;
pub(crate) use registry::Registry;
pub(crate) use tools::{client, emulator, mkfs_erofs, skopeo};

use crate::console::{Step, Steps, print, talk};
use crate::daemon::Life;
use crate::frontend;
use crate::tree::Tree;

/// What a developer does with the workbench.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Starts engines and the registry, and leaves them running
    Up {
        /// Which engines; 26.1 when none is named
        #[arg(value_enum)]
        engines: Vec<Kind>,
    },
    /// Stops what `up` started
    Down,
    /// Prints the file that tells tests what there is
    Env,
    /// Prepares an example's inputs alone, and prints the arguments that give them to a build
    Inputs {
        /// Which example
        #[arg(value_enum, default_value = "any")]
        example: Example,
    },
}

/// Runs a subcommand.
pub(crate) fn run(what: &What) -> Result<()> {
    let tree = Tree::find()?;
    match what {
        What::Up { engines } => up(&tree, engines),
        What::Down => down(&tree),
        What::Inputs { example } => {
            let inputs = Steps::new(&tree)?.run("Inputs", |step| inputs(&tree, step, *example))?;
            for (name, folder) in inputs.contexts() {
                print(&format!("--build-context {name}={}", folder.display()));
            }
            print(&format!("--build-arg DEBIAN_MIRROR={}", inputs.mirror));
            Ok(())
        }
        What::Env => {
            print(&format!(
                "export KRUNNER_WORKBENCH='{}'",
                record::path(&tree)?.display()
            ));
            Ok(())
        }
    }
}

/// The inputs of an example.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// Which one.
    pub(crate) name: Example,
    /// The folder of the distribution, by architecture.
    pub(crate) python: Vec<(&'static str, PathBuf)>,
    /// Where sources come from.
    pub(crate) mirror: String,
    /// The example's folder, with its locks.
    pub(crate) example: PathBuf,
}

impl Inputs {
    /// What stands in for the sources that the spec names, by the name of the input.
    pub(crate) fn contexts(&self) -> impl Iterator<Item = (String, &Path)> {
        let python = self.python.iter();
        python.map(|(architecture, folder)| (format!("python-{architecture}"), folder.as_path()))
    }
}

/// Prepares the inputs of an example.
pub(crate) fn inputs(tree: &Tree, step: &Step, name: Example) -> Result<Inputs> {
    let example = tree.root.join("examples").join(name.name());
    lock::make(tree, step, &example)?;
    let python = distribution::make(tree, step, name)?;
    let mirror = debian::mirror()?;
    Ok(Inputs {
        name,
        python,
        mirror,
        example,
    })
}

/// Prepares the inputs of all examples.
pub(crate) fn all_inputs(tree: &Tree, step: &Step) -> Result<Vec<Inputs>> {
    let names = Example::ALL.into_iter();
    names.map(|name| inputs(tree, step, name)).collect()
}

fn up(tree: &Tree, kinds: &[Kind]) -> Result<()> {
    let mut steps = Steps::new(tree)?;
    let kinds = if kinds.is_empty() {
        &[Kind::V26]
    } else {
        kinds
    };
    let mut engines = Vec::new();
    for kind in kinds {
        let title = format!("engine {}", kind.name());
        engines.push(steps.run(&title, |step| {
            let engine = Engine::open(tree, step, *kind, Life::Own)?;
            load_images(tree, step, &engine, &IMAGES)?;
            step.note(engine.docker.display().to_string());
            Ok(engine)
        })?);
    }
    let registry = steps.run("registry", |step| {
        let registry = Registry::open(tree, step, Life::Own)?;
        step.note(&registry.address);
        Ok(registry)
    })?;
    let inputs = steps.run("inputs", |step| all_inputs(tree, step))?;
    let binary = steps.run("frontend", |step| frontend::binary(tree, step))?;
    for engine in &engines {
        steps.run(&format!("frontend image {}", engine.kind.name()), |step| {
            frontend::image(tree, step, engine, Some(&registry), &binary)
        })?;
    }
    let path = steps.run("record", |step| {
        record::write(tree, step, &engines, &registry, None, &inputs)
    })?;
    talk(&format!(
        "\nThey stay until `cargo xtask workbench down`. For tests:\n  export KRUNNER_WORKBENCH='{}'",
        path.display()
    ));
    talk(&format!(
        "Scripts for each are in `{}`",
        tree.workbench("bin")?.display()
    ));
    Ok(())
}

fn down(tree: &Tree) -> Result<()> {
    for kind in [Kind::V20, Kind::V26, Kind::V28] {
        if engine::down(tree, kind)? {
            talk(&format!("engine {} stopped", kind.name()));
        }
    }
    if registry::down(tree)? {
        talk("registry stopped");
    }
    Ok(())
}
