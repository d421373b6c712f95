//! What every measurement stands on: one engine, a registry, the default example's inputs, and our frontend.

use anyhow::Result;

use crate::console::Steps;
use crate::daemon::Life;
use crate::frontend;
use crate::tree::Tree;
use crate::workbench::{self, Engine, Example, Inputs, Kind, PLAIN, Registry};

/// All of it, running; dropped, it stops.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) engine: Engine,
    pub(super) registry: Registry,
    pub(super) inputs: Inputs,
    /// The frontend's image, as builds name it.
    pub(super) frontend: String,
}

impl Ground {
    /// Prepares it.
    pub(super) fn open(tree: &Tree, steps: &mut Steps) -> Result<Self> {
        let engine = steps.run("Engine 26.1", |step| {
            let engine = Engine::open(tree, step, Kind::V26, Life::Ours)?;
            workbench::load_images(tree, step, &engine, &[PLAIN])?;
            Ok(engine)
        })?;
        let registry = steps.run("Registry", |step| Registry::open(tree, step, Life::Ours))?;
        let inputs = steps.run("Inputs", |step| workbench::inputs(tree, step, Example::Any))?;
        let binary = steps.run("Frontend", |step| frontend::binary(tree, step))?;
        let frontend = steps.run("Frontend image", |step| {
            frontend::image(tree, step, &engine, Some(&registry), &binary)
        })?;
        Ok(Self {
            engine,
            registry,
            inputs,
            frontend,
        })
    }
}
