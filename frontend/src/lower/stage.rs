//! The stages of a plan, each a tree of its own.

use krunner::plan::{Package, Plan};

use super::inputs::Inputs;
use super::run::{OUT, Root, run};
use super::{Environment, Error, ttyd};
use crate::llb::{Meta, Output};
use crate::tool::step::{self, Step};

/// One platform's stages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stages<'a> {
    pub(super) plan: &'a Plan,
    pub(super) environment: &'a Environment,
}

impl<'a> Stages<'a> {
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
        let build_platform = self.plan.build_platform;
        run(
            self.environment,
            build_platform,
            step,
            inputs,
            Root::Image,
            meta,
        )
    }

    pub(super) fn python(&self) -> Result<Output, Error> {
        let python = &self.plan.python;
        let mut inputs = self.inputs("python");
        let step = Step::Python {
            source: inputs.bytes(&python.source)?,
            strip: python.strip.clone(),
            drop: python.drop.clone(),
            architecture: self.plan.platform.architecture,
            epoch: self.plan.volume.epoch,
            out: OUT.into(),
        };
        let meta = self.meta("python", &format!("unpack Python {}", python.version));
        self.run(&step, inputs, meta)
    }

    pub(super) fn wheels(&self) -> Result<Option<Output>, Error> {
        let Some(wheels) = &self.plan.wheels else {
            return Ok(None);
        };
        let count = wheels.packages.len();
        let mut inputs = self.inputs("wheels").grouped("download wheels");
        let step = Step::Wheels {
            wheels: packages(&wheels.packages, &mut inputs)?,
            site_packages: wheels.site_packages.clone(),
            interpreter: wheels.interpreter.clone(),
            architecture: self.plan.platform.architecture,
            epoch: self.plan.volume.epoch,
            out: OUT.into(),
        };
        let meta = self.meta("wheels", &format!("install {count} packages"));
        self.run(&step, inputs, meta).map(Some)
    }

    pub(super) fn ttyd(&self) -> Result<Option<Output>, Error> {
        let ttyd = self.plan.ttyd.as_ref();
        ttyd.map(|ttyd| ttyd::ttyd(self, ttyd)).transpose()
    }

    pub(super) fn base(&self, python: &Output) -> Result<Output, Error> {
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
            python: inputs.tree("python", python),
            epoch: self.plan.volume.epoch,
            out: OUT.into(),
        };
        let meta = self.meta("base", "lay out mount points, files and licences");
        self.run(&step, inputs, meta)
    }
}

/// Wheels as a step has them.
pub(super) fn packages(
    packages: &[Package],
    inputs: &mut Inputs<'_>,
) -> Result<Vec<step::Wheel>, Error> {
    packages
        .iter()
        .map(|package| {
            Ok(step::Wheel {
                package: package.name.clone(),
                version: package.version.clone(),
                archive: inputs.bytes(&package.wheel)?,
            })
        })
        .collect()
}
