//! The compiler of modules: the build platform's own Python, on the C runtime that it needs there.
//!
//! All platforms of a build share how it is made, so that the same sources have the same bytecode everywhere.

use krunner::plan::{Bytecode, Plan, Runtime};

use super::inputs::Inputs;
use super::own::Owner;
use super::run::{OUT, Root, Runner};
use super::{Environment, Error};
use crate::llb::{Meta, Output};
use crate::tool::step::{self, Slim, Step};

/// The trees of the compiler, and how steps find it.
#[derive(Debug)]
pub(super) struct Compiler<'a> {
    bytecode: &'a Bytecode,
    prefix: &'a str,
    python: Output,
    runtime: Output,
}

impl<'a> Compiler<'a> {
    /// Lays it out; `None` if nothing is to be compiled.
    pub(super) fn new(plan: &'a Plan, environment: &Environment) -> Result<Option<Self>, Error> {
        let Some(bytecode) = &plan.bytecode else {
            return Ok(None);
        };
        let build_platform = plan.build_platform;
        let architecture = build_platform.architecture;
        let epoch = plan.volume.epoch;
        let inputs = || Inputs::new(environment, "bytecode", build_platform);
        let runner = Runner::new(environment, build_platform, Owner::Build);
        let owner = Owner::Platform(plan.platform);
        let lay_out = |step: &Step, inputs, what: &str, part: &str| {
            let meta = Meta::named(format!("[bytecode] {what}"))
                .at(environment.place(environment.stages.get("runtime")))
                .without_cache(environment.no_cache.covers("bytecode"));
            let tree = runner.run(step, inputs, Root::Program, meta)?;
            Ok::<_, Error>(owner.own(&tree, part))
        };
        let mut python = inputs();
        let step = Step::Python {
            source: python.bytes(&bytecode.python)?,
            strip: bytecode.strip.clone(),
            // Whole, so that what the volume does without is there for the compiler.
            slim: Slim::default(),
            portable: None,
            compiler: None,
            architecture,
            epoch,
            out: OUT.into(),
        };
        let what = format!("unpack Python {}", plan.python.version);
        let python = lay_out(&step, python, &what, "the compiler's Python")?;
        let mut archives = inputs();
        let step = runtime(&bytecode.runtime, &mut archives, plan, build_platform)?;
        let what = "take the C runtime";
        let runtime = lay_out(&step, archives, what, "the compiler's C runtime")?;
        Ok(Some(Self {
            bytecode,
            prefix: &plan.volume.prefix,
            python,
            runtime,
        }))
    }

    /// Mounts it into a step.
    pub(super) fn mount(&self, inputs: &mut Inputs<'_>) -> step::Compiler {
        step::Compiler {
            python: inputs.tree("compiler/python", &self.python),
            runtime: inputs.tree("compiler/runtime", &self.runtime),
            folder: self.bytecode.runtime.folder.clone(),
            loader: self.bytecode.runtime.loader.clone(),
            prefix: self.prefix.to_owned(),
        }
    }
}

/// The step that takes a C runtime out of its archives.
pub(super) fn runtime(
    runtime: &Runtime,
    inputs: &mut Inputs<'_>,
    plan: &Plan,
    platform: krunner::platform::Platform,
) -> Result<Step, Error> {
    Ok(Step::Runtime {
        archives: runtime
            .archives
            .iter()
            .map(|archive| inputs.bytes(archive))
            .collect::<Result<_, _>>()?,
        folder: runtime.folder.clone(),
        architecture: platform.architecture,
        epoch: plan.volume.epoch,
        out: OUT.into(),
    })
}
