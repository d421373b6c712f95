//! The Dockerfile way with QEMU, and ours, of the same two stages for the same two platforms.
//!
//! Each writes the OCI archive that a build is for, packed as the engine packs it; theirs holds the distribution as it came,
//! ours what a volume needs of it. The ratios are of the same flavour, which uses the image's glibc. The table also has what is built
//! by default, with a C runtime and bytecode for every module, which the Dockerfile way does not make; and cached builds that
//! write nothing, where starting our frontend in a container of its own is all there is to see.

use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use super::dockerfile;
use super::ground::Ground;
use super::handler::Handler;
use super::ours::{Flavour, Ours};
use super::serve::Server;
use super::wheelhouse;
use crate::command::log;
use crate::console::{Step, Steps, print};
use crate::tree::{Tree, folder};
use crate::workbench::Engine;

/// What our cold build may take of the Dockerfile way's time.
const COLD: f64 = 0.20;
/// The same of cached builds.
const CACHED: f64 = 1.0;
/// Cached builds are short: the best of these many is taken, of both.
const ROUNDS: usize = 5;
/// A build whose result is kept and not written.
pub(super) const NOTHING: &str = "type=cacheonly";

/// Runs the measurement.
pub(super) fn run() -> Result<()> {
    let tree = Tree::find()?;
    let mut steps = Steps::new(&tree)?;
    let Ground {
        engine,
        registry,
        inputs,
        frontend,
    } = Ground::open(&tree, &mut steps)?;
    let wheels = steps.run("Wheelhouse", |step| wheelhouse::make(&tree, step, &inputs))?;
    let server = Server::start(&tree)?;
    let flavour = |flavour| Ours::new(&tree, &inputs, &wheels, &server, &frontend, flavour);
    let (gnu, any) = (flavour(Flavour::Gnu)?, flavour(Flavour::Any)?);
    dockerfile::prepare(&tree, &engine, &registry, &inputs)?;

    let handler = steps.run("Handler for the other architecture", |step| {
        Handler::register(&tree, step)
    })?;
    let theirs = Times::of(&tree, &mut steps, &engine, "Dockerfile way", |output| {
        dockerfile::build(&tree, &engine, &registry, &server, output)
    })?;
    // Our builds must do without.
    drop(handler);
    let ours = Times::of(&tree, &mut steps, &engine, "krunner", |output| {
        gnu.stages(&engine, &inputs, output)
    })?;
    let default = Times::of(&tree, &mut steps, &engine, "krunner any", |output| {
        any.stages(&engine, &inputs, output)
    })?;
    let ttyd = steps.run("ttyd, both platforms, cold", |step| {
        prune(step, &engine)?;
        timed(|| log(&mut gnu.ttyd(&engine, &inputs), step))
    })?;

    print(&format!(
        "\n{:<48}{:>8}{:>12}  cached, nothing written",
        "python + wheels, linux/amd64 and linux/arm64", "cold", "cached"
    ));
    for (title, times) in [
        ("Dockerfile way with QEMU", &theirs),
        ("krunner, no emulation", &ours),
        ("krunner, `any`: C runtime and bytecode too", &default),
    ] {
        print(&format!(
            "{title:<48}{:>6.2} s  {:>8.2} s  {:>8.2} s",
            times.cold, times.cached, times.nothing
        ));
    }
    print(&format!(
        "apart: ttyd compiled for both, cold             {ttyd:>6.2} s\n"
    ));
    print(&format!(
        "bench build cold_ratio={:.3} goal={COLD:.2}",
        ours.cold / theirs.cold
    ));
    print(&format!(
        "bench build cached_ratio={:.3} goal={CACHED:.1}",
        ours.cached / theirs.cached
    ));
    Ok(())
}

/// Seconds that one way takes.
struct Times {
    /// From nothing, with the OCI archive written: what a build is for.
    cold: f64,
    /// With nothing to do but that.
    cached: f64,
    /// With nothing to do.
    nothing: f64,
}

impl Times {
    /// Measures one way; what it does with its result is a value of `--output`.
    fn of(
        tree: &Tree,
        steps: &mut Steps,
        engine: &Engine,
        title: &str,
        build: impl Fn(&str) -> Command,
    ) -> Result<Self> {
        let archive = folder(tree.target.join("bench"))?.join(format!("{title}.tar"));
        let archive = format!("type=oci,dest={}", archive.display());
        let cold = steps.run(&format!("{title}, cold"), |step| {
            prune(step, engine)?;
            timed(|| log(&mut build(&archive), step))
        })?;
        // The best of several, for they are short.
        let (cached, nothing) = steps.run(&format!("{title}, cached"), |step| {
            let cached = best(|| log(&mut build(&archive), step))?;
            Ok((cached, best(|| log(&mut build(NOTHING), step))?))
        })?;
        Ok(Self {
            cold,
            cached,
            nothing,
        })
    }
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed().as_secs_f64())
}

fn best(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        best = best.min(timed(&mut work)?);
    }
    Ok(best)
}

/// Forgets every result and every download.
fn prune(step: &Step, engine: &Engine) -> Result<()> {
    log(
        &mut engine.docker(["builder", "prune", "--all", "--force"]),
        step,
    )
}
