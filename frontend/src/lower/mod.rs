//! Lowering: from a plan, which knows no BuildKit, to operations, which know no plan.
//!
//! Every stage is one process: our own binary, taken out of the frontend's image, on the build platform and
//! without a network. It sees its inputs read-only under `/in`, its orders in `/krunner`, and writes
//! one tree to `/out`, or several to folders of their own below it.

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
    /// The trees that it consists of, each by the name of its layer, lowest first.
    pub trees: Trees,
}

/// Trees by the names of their layers.
type Trees = Vec<(String, Output)>;

impl Lowered {
    /// The names of the layers, lowest first.
    pub fn layers(&self) -> Vec<&str> {
        self.trees.iter().map(|(layer, _)| layer.as_str()).collect()
    }
}

/// The operations that make `target`.
pub fn lower(plan: &Plan, target: Target, environment: &Environment) -> Result<Lowered, Error> {
    let stages = stage::Stages::new(plan, environment)?;
    let one = |layer: &'static str, tree: Option<Output>| match tree {
        Some(tree) => Ok(vec![(layer.to_owned(), tree)]),
        None => Err(Error::NoStage(layer)),
    };
    let trees = match target {
        Target::Runtime => one("runtime", stages.runtime()?)?,
        Target::Python => one("python", Some(stages.python()?))?,
        Target::Wheels => wheels(plan, &stages)?,
        Target::Ttyd => one("ttyd", stages.ttyd()?)?,
        Target::Base => one("base", Some(stages.base(&stages.python()?, None)?))?,
        Target::Sbom => {
            let volume = lower(plan, Target::Volume, environment)?;
            one("sbom", Some(sbom(plan, &volume, environment)?))?
        }
        Target::Volume => {
            let python = stages.python()?;
            let mut trees = Vec::new();
            trees.extend(stages.runtime()?.map(|tree| ("runtime".to_owned(), tree)));
            trees.push(("python".to_owned(), python.clone()));
            trees.extend(stages.wheels()?);
            trees.extend(stages.ttyd()?.map(|tree| ("ttyd".to_owned(), tree)));
            trees.push(("base".to_owned(), stages.base(&python, Some(&trees))?));
            trees
        }
    };
    stack::stack(plan, target, trees, environment)
}

/// The trees of packages where nothing else is asked for.
fn wheels(plan: &Plan, stages: &stage::Stages<'_>) -> Result<Trees, Error> {
    let trees = stages.wheels()?;
    match &plan.wheels {
        None => Err(Error::NoStage("wheels")),
        Some(_) if trees.is_empty() => Err(Error::NoPackages(plan.platform)),
        Some(_) => Ok(trees),
    }
}
