//! The Dockerfile way with QEMU, and ours, of the same two stages for the same two platforms.

use std::time::Instant;

use anyhow::Result;

use super::dockerfile;
use super::handler::Handler;
use super::ours::Ours;
use super::serve::Server;
use super::wheelhouse;
use crate::command::log;
use crate::console::{Step, Steps, print};
use crate::daemon::Life;
use crate::frontend;
use crate::tree::Tree;
use crate::workbench::{self, Engine, Example, Kind, PLAIN, Registry};

/// What our cold build may take of the Dockerfile way's time.
const COLD: f64 = 0.20;
/// The same of cached builds.
const CACHED: f64 = 1.0;
/// Cached builds are short: the best of these many is taken, of both.
const ROUNDS: usize = 5;

/// Runs the measurement.
pub(super) fn run() -> Result<()> {
    let tree = Tree::find()?;
    let mut steps = Steps::new(&tree)?;
    let engine = steps.run("Engine 26.1", |step| {
        let engine = Engine::open(&tree, step, Kind::V26, Life::Ours)?;
        workbench::load_images(&tree, step, &engine, &[PLAIN])?;
        Ok(engine)
    })?;
    let registry = steps.run("Registry", |step| Registry::open(&tree, step, Life::Ours))?;
    let inputs = steps.run("Inputs", |step| {
        workbench::inputs(&tree, step, Example::StaticGnu)
    })?;
    let wheels = steps.run("Wheelhouse", |step| wheelhouse::make(&tree, step, &inputs))?;
    let server = Server::start(&tree)?;
    let binary = steps.run("Frontend", |step| frontend::binary(&tree, step))?;
    let image = steps.run("Frontend image", |step| {
        frontend::image(&tree, step, &engine, Some(&registry), &binary)
    })?;
    let ours = Ours::new(&tree, &inputs, &wheels, &server, &image)?;
    dockerfile::prepare(&tree, &engine, &registry, &inputs)?;

    let theirs_cold = {
        // Dropped before our build, which must do without.
        let _handler = steps.run("Handler for the other architecture", |step| {
            Handler::register(&tree, step)
        })?;
        steps.run("Dockerfile way, cold", |step| {
            prune(step, &engine)?;
            timed(|| {
                log(
                    &mut dockerfile::build(&tree, &engine, &registry, &server),
                    step,
                )
            })
        })?
    };
    let theirs_cached = steps.run("Dockerfile way, cached", |step| {
        best(|| {
            log(
                &mut dockerfile::build(&tree, &engine, &registry, &server),
                step,
            )
        })
    })?;
    let ours_cold = steps.run("krunner, cold", |step| {
        prune(step, &engine)?;
        timed(|| log(&mut ours.stages(&engine), step))
    })?;
    let ours_cached = steps.run("krunner, cached", |step| {
        best(|| log(&mut ours.stages(&engine), step))
    })?;
    let ttyd = steps.run("ttyd, both platforms, cold", |step| {
        prune(step, &engine)?;
        timed(|| log(&mut ours.ttyd(&engine, &inputs), step))
    })?;

    print("\npython + wheels, linux/amd64 and linux/arm64        cold      cached");
    print(&format!(
        "Dockerfile way with QEMU                        {theirs_cold:>6.2} s  {theirs_cached:>8.2} s"
    ));
    print(&format!(
        "krunner, no emulation                           {ours_cold:>6.2} s  {ours_cached:>8.2} s"
    ));
    print(&format!(
        "apart: ttyd compiled for both, cold             {ttyd:>6.2} s\n"
    ));
    print(&format!(
        "bench build cold_ratio={:.3} goal={COLD:.2}",
        ours_cold / theirs_cold
    ));
    print(&format!(
        "bench build cached_ratio={:.3} goal={CACHED:.1}",
        ours_cached / theirs_cached
    ));
    Ok(())
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
