//! What a plan knows of a volume's components, free of the lines that it was read from.
//!
//! It goes into the orders of a build step, so whatever changes in it makes that step run again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Component, Kind};
use crate::plan::{Dropped, Origin, Package, Plan, Slim, TtydSources, Volume};
use crate::platform::Platform;

/// A volume and its components.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// The volume as a whole.
    pub volume: Volume,
    /// The platform that it is for.
    pub platform: Platform,
    /// The version of its Python.
    pub python: String,
    /// Everything that comes from outside, sorted by the input's name, each once.
    pub components: Vec<Component>,
    /// What is left out of it.
    pub slim: Slim,
    /// What compiled ttyd was told, if it was compiled: the seconds of its pings and of its hang-up.
    pub keepalive: Option<(u16, u16)>,
}

impl Parts {
    /// The parts of a plan that are in `layers`, the ones that were built.
    pub fn of(plan: &Plan, layers: &[&str]) -> Self {
        let mut parts = BTreeMap::new();
        let mut add = |component: Component| {
            // The compiler's Python may be the volume's own: then it is that.
            parts.entry(component.input.clone()).or_insert(component);
        };
        let mut shipped = shipped(plan);
        shipped.retain(|part| part.layer.as_deref().is_some_and(|at| layers.contains(&at)));
        let has = |stage: &str| shipped.iter().any(|part| part.stage == stage);
        let (has_ttyd, has_modules) = (has("ttyd"), has("python") || has("wheels"));
        shipped.into_iter().for_each(&mut add);
        for component in tools(plan, has_ttyd, has_modules) {
            add(component);
        }
        let keepalive = plan
            .ttyd
            .as_ref()
            .filter(|ttyd| has_ttyd && matches!(ttyd.sources, TtydSources::Build { .. }));
        let slim = if has_modules {
            plan.slim.clone()
        } else {
            Slim {
                drop: Vec::new(),
                keep: Vec::new(),
                strip_symbols: false,
            }
        };
        Self {
            volume: plan.volume.clone(),
            platform: plan.platform,
            python: plan.python.version.clone(),
            components: parts.into_values().collect(),
            slim,
            keepalive: keepalive.map(|ttyd| (ttyd.ping, ttyd.hangup)),
        }
    }

    /// The globs of what is left out, each with its reason.
    pub fn dropped(&self) -> &[Dropped] {
        &self.slim.drop
    }
}

/// What the volume itself is made of.
fn shipped(plan: &Plan) -> Vec<Component> {
    let mut parts = Vec::new();
    for archive in plan.runtime.iter().flat_map(|runtime| &runtime.archives) {
        parts.push(Component::archive(archive, "runtime", &archive.name));
    }
    parts.push(python(plan, &plan.python.source, "python", plan.platform));
    for package in plan.wheels.iter().flat_map(|wheels| &wheels.packages) {
        parts.push(wheel(package, "wheels"));
    }
    if let Some(ttyd) = &plan.ttyd {
        match &ttyd.sources {
            TtydSources::Build { sources, .. } => {
                for (name, input) in sources {
                    let mut part = Component::archive(input, "ttyd", name);
                    // Whatever its file is called, this one was asked what it is.
                    if name == "ttyd" {
                        part = part.with_version(&ttyd.version);
                    }
                    parts.push(part);
                }
            }
            TtydSources::Binary { binary } => {
                let part = Component::new(binary, Kind::Binary, "ttyd", "ttyd");
                parts.push(part.with_version(&ttyd.version));
            }
        }
    }
    for file in &plan.base.files {
        if !matches!(file.source.origin, Origin::Inline { .. }) {
            parts.push(Component::new(&file.source, Kind::File, "base", &file.path));
        }
    }
    parts
}

/// What makes it.
fn tools(plan: &Plan, ttyd: bool, modules: bool) -> Vec<Component> {
    let mut parts = Vec::new();
    if let Some(bytecode) = plan.bytecode.as_ref().filter(|_| modules) {
        parts.push(python(
            plan,
            &bytecode.python,
            "bytecode",
            plan.build_platform,
        ));
        for archive in &bytecode.runtime.archives {
            parts.push(Component::archive(archive, "bytecode", &archive.name));
        }
    }
    let sources = plan.ttyd.as_ref().map(|ttyd| &ttyd.sources);
    if let Some(TtydSources::Build { toolchain, .. }) = sources.filter(|_| ttyd) {
        for tool in &toolchain.wheels {
            parts.push(wheel(tool, "toolchain"));
        }
        for archive in &toolchain.archives {
            parts.push(Component::archive(archive, "toolchain", &archive.name));
        }
    }
    parts
}

fn python(plan: &Plan, input: &crate::plan::Input, stage: &str, platform: Platform) -> Component {
    let mut part = Component::new(input, Kind::Python, stage, "cpython");
    part.architecture = Some(platform.architecture.oci().to_owned());
    part.with_version(&plan.python.version)
}

fn wheel(package: &Package, stage: &str) -> Component {
    let mut part = Component::new(&package.wheel, Kind::Wheel, stage, &package.name);
    if part.file.is_none() && !package.file_name.is_empty() {
        part.file = Some(package.file_name.clone());
    }
    if package.layer.is_some() {
        part.layer.clone_from(&package.layer);
    }
    part.with_version(&package.version)
}
