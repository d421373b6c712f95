//! The ttyd stage: compiled inside a root of tools, or taken ready-made.

use std::collections::BTreeMap;

use krunner::plan::{Input, Plan, Toolchain, Ttyd, TtydSources};

use super::inputs::Inputs;
use super::own::Owner;
use super::run::{OUT, Root, Runner};
use super::stage::{Stages, packages};
use super::{Environment, Error};
use crate::llb::{Meta, Output};
use crate::tool::step::{self, Step};
use crate::tool::ttyd::CACHE;
use krunner::platform::Platform;

pub(super) fn ttyd(stages: &Stages<'_>, ttyd: &Ttyd) -> Result<Output, Error> {
    match &ttyd.sources {
        TtydSources::Build { sources, toolchain } => build(stages, ttyd, sources, toolchain),
        TtydSources::Binary { binary } => take(stages, ttyd, binary),
    }
}

fn build(
    stages: &Stages<'_>,
    ttyd: &Ttyd,
    sources: &BTreeMap<String, Input>,
    tools: &Toolchain,
) -> Result<Output, Error> {
    let Stages {
        plan, environment, ..
    } = *stages;
    let tools = toolchain(environment, plan.build_platform, plan.volume.epoch, tools)?;
    let mut inputs = stages.inputs("ttyd");
    let mut bytes = BTreeMap::new();
    for (component, source) in sources {
        bytes.insert(component.clone(), inputs.bytes(source)?);
    }
    let step = Step::Ttyd {
        sources: bytes,
        target: target(plan, ttyd),
        epoch: plan.volume.epoch,
        out: OUT.into(),
    };
    let namespace = environment.cache_namespace.as_deref();
    let id = format!("krunner-ttyd-{}", plan.build_platform.architecture.oci());
    let id = namespace.map_or(id.clone(), |namespace| format!("{namespace}/{id}"));
    let root = Root::Tools {
        tree: &tools,
        env: vec!["HOME=/root".to_owned()],
        caches: vec![(id, CACHE.to_owned())],
    };
    let meta = stages.meta("ttyd", &format!("compile ttyd {}", ttyd.version));
    stages.runner.run(&step, inputs, root, meta)
}

/// The root of tools belongs to the build platform: all targets share it.
fn toolchain(
    environment: &Environment,
    build_platform: Platform,
    epoch: u64,
    tools: &Toolchain,
) -> Result<Output, Error> {
    let mut inputs = Inputs::new(environment, "toolchain", build_platform);
    let step = Step::Toolchain {
        wheels: packages(&tools.wheels, &mut inputs)?,
        archives: tools
            .archives
            .iter()
            .map(|archive| inputs.bytes(archive))
            .collect::<Result<_, _>>()?,
        epoch,
        out: OUT.into(),
    };
    let meta = Meta::named("[toolchain] lay out compilers and tools")
        .at(environment.place(environment.stages.get("toolchain")))
        .without_cache(environment.no_cache.covers("toolchain"));
    Runner::new(environment, build_platform, Owner::Build).run(&step, inputs, Root::Program, meta)
}

fn take(stages: &Stages<'_>, ttyd: &Ttyd, binary: &Input) -> Result<Output, Error> {
    let plan = stages.plan;
    let mut inputs = stages.inputs("ttyd");
    let step = Step::TtydBinary {
        binary: inputs.bytes(binary)?,
        target: target(plan, ttyd),
        epoch: plan.volume.epoch,
        out: OUT.into(),
    };
    let meta = stages.meta("ttyd", &format!("verify ttyd {}", ttyd.version));
    stages.runner.run(&step, inputs, Root::Program, meta)
}

fn target(plan: &Plan, ttyd: &Ttyd) -> step::Target {
    step::Target {
        version: ttyd.version.clone(),
        ping: ttyd.ping,
        hangup: ttyd.hangup,
        architecture: plan.platform.architecture,
        build_architecture: plan.build_platform.architecture,
    }
}
