//! The web terminal of a plan.

use std::collections::BTreeMap;

use pep440_rs::Version;

use super::planner::Planner;
use super::target::{Level, Target};
use super::wheels::packages;
use super::{Input, Toolchain, Ttyd, TtydSources};
use crate::report::Problem;
use crate::spec::{self, KeyPath};

/// How ttyd comes about; `None` if a problem was noted.
pub(super) fn ttyd(planner: &mut Planner<'_>, ttyd: &spec::Ttyd, python: &Version) -> Option<Ttyd> {
    let sources = match (&ttyd.sources, &ttyd.toolchain, &ttyd.binary) {
        (Some(sources), Some(chain), None) => {
            let sources = components(planner, sources);
            let toolchain = toolchain(planner, chain, python);
            TtydSources::Build {
                sources: sources?,
                toolchain: toolchain?,
            }
        }
        (_, _, Some(binary)) => {
            let architecture = planner.request.platform.architecture;
            let path = KeyPath::from(["ttyd", "binary", architecture.oci()]);
            let name = format!("ttyd-binary-{}", architecture.oci());
            let binary = planner.input(name, binary.source(architecture)?, &path)?;
            TtydSources::Binary { binary }
        }
        // Checked specs have one of them.
        _ => return None,
    };
    Some(Ttyd {
        version: ttyd.version.clone(),
        ping: ttyd.ping,
        hangup: ttyd.hangup,
        sources,
    })
}

fn components(
    planner: &mut Planner<'_>,
    sources: &spec::TtydSources,
) -> Option<BTreeMap<String, Input>> {
    let mut inputs = BTreeMap::new();
    let mut complete = true;
    for (component, source) in sources.components() {
        let path = KeyPath::from(["ttyd", "sources", component]);
        match planner.input(format!("ttyd-{component}"), source, &path) {
            Some(input) => drop(inputs.insert(component.to_owned(), input)),
            None => complete = false,
        }
    }
    complete.then_some(inputs)
}

fn toolchain(
    planner: &mut Planner<'_>,
    chain: &spec::Toolchain,
    python: &Version,
) -> Option<Toolchain> {
    let platform = planner.request.build_platform;
    let key = platform.architecture.oci();
    let parent = KeyPath::from(["ttyd", "toolchain"]);
    let archives = chain.archives(platform.architecture);
    if archives.is_empty() && !(chain.amd64.is_empty() && chain.arm64.is_empty()) {
        let message = format!("No toolchain for `{platform}`, which the build runs on");
        let hint = format!("Add `[ttyd.toolchain.{key}]`, or build on another platform");
        let at = planner.spec.at(&parent);
        planner.problem(Problem::new(Some(at), message).with_hint(hint));
        return None;
    }
    let mut inputs = Vec::with_capacity(archives.len());
    for (name, source) in archives {
        let path = parent.with(key).with(name);
        inputs.extend(planner.input(format!("toolchain-{key}-{name}"), source, &path));
    }
    let wheels = match &chain.lock {
        Some(lock) => {
            let level = match (chain.glibc, chain.musl) {
                (_, Some(musl)) => Level::Musl(musl),
                (glibc, None) => Level::Glibc(glibc.unwrap_or_default()),
            };
            let target = Target {
                // The tools run without a Python; only wheels that need none in particular are of use.
                python: python.clone(),
                platform,
                level,
            };
            packages(planner, lock, &parent.with("lock"), &target, "tool")
        }
        None => Vec::new(),
    };
    Some(Toolchain {
        wheels,
        archives: inputs,
    })
}
