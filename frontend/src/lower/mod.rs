//! Lowering: from a plan, which knows no BuildKit, to operations, which know no plan.
//!
//! Every stage is one process: our own binary, taken out of the frontend's image, on the build platform and
//! without a network. It sees its inputs read-only under `/in`, its orders in `/krunner`, and writes
//! one tree to `/out`.

mod compiler;
mod context;
mod environment;
mod error;
mod image_name;
mod inputs;
mod own;
mod run;
mod sbom;
mod stack;
mod stage;
mod target;
mod ttyd;

pub use context::{ContextName, Contexts, Folder, GitAddressError, Named, graft};
pub use environment::{Environment, NoCache, platform as pb_platform};
pub use error::Error;
pub use image_name::full_name;
pub use run::BINARY;
pub use sbom::sbom;
pub use target::{Target, UnknownTarget};

use krunner::plan::Plan;

use crate::llb::Output;

/// What one platform's plan became.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The tree.
    pub output: Output,
    /// The stages that it consists of, one layer each, lowest first.
    pub layers: Vec<&'static str>,
    /// The stages' own trees.
    pub trees: Vec<(&'static str, Output)>,
}

/// The operations that make `target`.
pub fn lower(plan: &Plan, target: Target, environment: &Environment) -> Result<Lowered, Error> {
    let stages = stage::Stages::new(plan, environment)?;
    let trees = match target {
        Target::Runtime => vec![(
            "runtime",
            stages.runtime()?.ok_or(Error::NoStage("runtime"))?,
        )],
        Target::Python => vec![("python", stages.python()?)],
        Target::Wheels => vec![("wheels", stages.wheels()?.ok_or(Error::NoStage("wheels"))?)],
        Target::Ttyd => vec![("ttyd", stages.ttyd()?.ok_or(Error::NoStage("ttyd"))?)],
        Target::Base => vec![("base", stages.base(&stages.python()?, None)?)],
        Target::Sbom => {
            let volume = lower(plan, Target::Volume, environment)?;
            vec![("sbom", sbom(plan, &volume, environment)?)]
        }
        Target::Volume => {
            let python = stages.python()?;
            let mut trees = Vec::new();
            trees.extend(stages.runtime()?.map(|tree| ("runtime", tree)));
            trees.push(("python", python.clone()));
            trees.extend(stages.wheels()?.map(|tree| ("wheels", tree)));
            trees.extend(stages.ttyd()?.map(|tree| ("ttyd", tree)));
            trees.push(("base", stages.base(&python, Some(&trees))?));
            trees
        }
    };
    stack::stack(plan, trees, environment)
}
