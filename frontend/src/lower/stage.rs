//! The stages of a plan, each a tree of its own, but for the packages, which are several.

use krunner::plan::{Package, Plan};

use super::compiler::{self, Compiler};
use super::inputs::Inputs;
use super::own::Owner;
use super::run::{OUT, Root, Runner};
use super::{Environment, Error, Trees, ttyd};
use crate::llb::{Meta, Output};
use crate::tool::step::{self, Step};

/// One platform's stages.
#[derive(Debug)]
pub(super) struct Stages<'a> {
    pub(super) plan: &'a Plan,
    pub(super) environment: &'a Environment,
    pub(super) runner: Runner<'a>,
    compiler: Option<Compiler<'a>>,
}

impl<'a> Stages<'a> {
    pub(super) fn new(plan: &'a Plan, environment: &'a Environment) -> Result<Self, Error> {
        Ok(Self {
            plan,
            environment,
            runner: Runner::new(
                environment,
                plan.build_platform,
                Owner::Platform(plan.platform),
            ),
            compiler: Compiler::new(plan, environment)?,
        })
    }

    pub(super) fn inputs(&self, stage: &'static str) -> Inputs<'a> {
        Inputs::new(self.environment, stage, self.plan.platform)
    }

    pub(super) fn meta(&self, stage: &str, what: &str) -> Meta {
        let label = self.environment.label(stage, self.plan.platform);
        Meta::named(format!("{label} {what}"))
            .at(self.environment.place(self.environment.stages.get(stage)))
            .without_cache(self.environment.no_cache.covers(stage))
    }

    fn run(&self, step: &Step, inputs: Inputs<'_>, meta: Meta) -> Result<Output, Error> {
        self.runner.run(step, inputs, Root::Program, meta)
    }

    /// How programs find the volume's own C runtime, if it has one.
    fn portable(&self) -> Option<step::Portable> {
        let runtime = self.plan.runtime.as_ref()?;
        Some(step::Portable {
            prefix: self.plan.volume.prefix.clone(),
            folder: runtime.folder.clone(),
            loader: runtime.loader.clone(),
        })
    }

    fn compiler(&self, inputs: &mut Inputs<'_>) -> Option<step::Compiler> {
        Some(self.compiler.as_ref()?.mount(inputs))
    }

    fn slim(&self) -> step::Slim {
        let slim = &self.plan.slim;
        step::Slim {
            drop: slim.drop.iter().map(|glob| glob.pattern.clone()).collect(),
            keep: slim.keep.clone(),
            strip_symbols: slim.strip_symbols,
        }
    }

    pub(super) fn runtime(&self) -> Result<Option<Output>, Error> {
        let Some(runtime) = &self.plan.runtime else {
            return Ok(None);
        };
        let mut inputs = self.inputs("runtime");
        let step = compiler::runtime(runtime, &mut inputs, self.plan, self.plan.platform)?;
        let meta = self.meta("runtime", "take the C runtime");
        self.run(&step, inputs, meta).map(Some)
    }

    pub(super) fn python(&self) -> Result<Output, Error> {
        let python = &self.plan.python;
        let mut inputs = self.inputs("python");
        let step = Step::Python {
            source: inputs.bytes(&python.source)?,
            strip: python.strip.clone(),
            slim: self.slim(),
            portable: self.portable(),
            compiler: self.compiler(&mut inputs),
            architecture: self.plan.platform.architecture,
            epoch: self.plan.volume.epoch,
            out: OUT.into(),
        };
        let meta = self.meta("python", &format!("unpack Python {}", python.version));
        self.run(&step, inputs, meta)
    }

    /// The packages, one tree for each of their layers, all of which one step makes.
    pub(super) fn wheels(&self) -> Result<Trees, Error> {
        let Some(wheels) = &self.plan.wheels else {
            return Ok(Trees::new());
        };
        let layers = wheels.layers();
        if layers.is_empty() {
            return Ok(Trees::new());
        }
        let out = |layer: &str| format!("{OUT}/{layer}");
        let mut inputs = self.inputs("wheels").gathering("download wheels");
        let mut parts = Vec::new();
        for (layer, own) in &layers {
            parts.push(step::Part {
                wheels: packages(own.iter().copied(), &mut inputs)?,
                out: out(layer).into(),
            });
        }
        let step = Step::Wheels {
            parts,
            site_packages: wheels.site_packages.clone(),
            interpreter: wheels.interpreter.clone(),
            slim: self.slim(),
            portable: self.portable(),
            compiler: self.compiler(&mut inputs),
            architecture: self.plan.platform.architecture,
            epoch: self.plan.volume.epoch,
        };
        let count = wheels.packages.len();
        let meta = self.meta("wheels", &format!("install {count} packages"));
        let outs = layers.keys().map(|layer| out(layer)).collect();
        let runner = &self.runner;
        let mut trees = runner.run_each(&step, outs, inputs, Root::Program, meta)?;
        let layers = layers.keys();
        Ok(layers
            .filter_map(|layer| Some(((*layer).to_owned(), trees.remove(&out(layer))?)))
            .collect())
    }

    pub(super) fn ttyd(&self) -> Result<Option<Output>, Error> {
        let ttyd = self.plan.ttyd.as_ref();
        ttyd.map(|ttyd| ttyd::ttyd(self, ttyd)).transpose()
    }

    /// The last stage. With the trees of all others it also passes the whole volume through the gates.
    pub(super) fn base(
        &self,
        python: &Output,
        others: Option<&[(String, Output)]>,
    ) -> Result<Output, Error> {
        let base = &self.plan.base;
        let mut inputs = self.inputs("base");
        let files = base
            .files
            .iter()
            .map(|file| {
                Ok(step::File {
                    path: file.path.clone(),
                    mode: file.mode,
                    source: inputs.bytes(&file.source)?,
                })
            })
            .collect::<Result<_, Error>>()?;
        let step = Step::Base {
            mount_points: base.mount_points.clone(),
            files,
            python: inputs.tree("tree/python", python),
            gates: others.map(|others| self.gates(others, &mut inputs)),
            epoch: self.plan.volume.epoch,
            out: OUT.into(),
        };
        let meta = self.meta("base", "lay out mount points, files and licences");
        self.run(&step, inputs, meta)
    }

    fn gates(&self, trees: &[(String, Output)], inputs: &mut Inputs<'_>) -> step::Gates {
        let volume = &self.plan.volume;
        let mount = |(layer, tree): &(String, Output)| inputs.tree(&format!("tree/{layer}"), tree);
        step::Gates {
            trees: trees.iter().map(mount).collect(),
            libc: volume.libc.clone(),
            prefix: volume.prefix.clone(),
            architecture: self.plan.platform.architecture,
            bytecode: self.plan.bytecode.is_some(),
        }
    }
}

/// Wheels as a step has them.
pub(super) fn packages<'p>(
    packages: impl IntoIterator<Item = &'p Package>,
    inputs: &mut Inputs<'_>,
) -> Result<Vec<step::Wheel>, Error> {
    packages
        .into_iter()
        .map(|package| {
            Ok(step::Wheel {
                package: package.name.clone(),
                version: package.version.clone(),
                archive: inputs.bytes(&package.wheel)?,
            })
        })
        .collect()
}
