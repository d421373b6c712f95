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
use super::handler::Handler;
use super::ours::{Flavour, Ours};
use super::serve::Server;
use super::wheelhouse;
use crate::command::log;
use crate::console::{Step, Steps, print};
use crate::daemon::Life;
use crate::frontend;
use crate::tree::{Tree, folder};
use crate::workbench::{self, Engine, Example, Kind, PLAIN, Registry};

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
    let engine = steps.run("Engine 26.1", |step| {
        let engine = Engine::open(&tree, step, Kind::V26, Life::Ours)?;
        workbench::load_images(&tree, step, &engine, &[PLAIN])?;
        Ok(engine)
    })?;
    let registry = steps.run("Registry", |step| Registry::open(&tree, step, Life::Ours))?;
    let inputs = steps.run("Inputs", |step| {
        workbench::inputs(&tree, step, Example::Any)
    })?;
    let wheels = steps.run("Wheelhouse", |step| wheelhouse::make(&tree, step, &inputs))?;
    let server = Server::start(&tree)?;
    let binary = steps.run("Frontend", |step| frontend::binary(&tree, step))?;
    let image = steps.run("Frontend image", |step| {
        frontend::image(&tree, step, &engine, Some(&registry), &binary)
    })?;
    let flavour = |flavour| Ours::new(&tree, &inputs, &wheels, &server, &image, flavour);
    let (ours, any) = (flavour(Flavour::Gnu)?, flavour(Flavour::Any)?);
    dockerfile::prepare(&tree, &engine, &registry, &inputs)?;
    let theirs = |output: &str| dockerfile::build(&tree, &engine, &registry, &server, output);
    let ours_build = |output: &str| ours.stages(&engine, &inputs, output);

    let archive = archive(&tree, "theirs")?;
    let theirs_cold = {
        // Dropped before our build, which must do without.
        let _handler = steps.run("Handler for the other architecture", |step| {
            Handler::register(&tree, step)
        })?;
        steps.run("Dockerfile way, cold", |step| {
            prune(step, &engine)?;
            timed(|| log(&mut theirs(&archive), step))
        })?
    };
    let theirs_cached = cached(&mut steps, "Dockerfile way", &archive, theirs)?;
    let archive = self::archive(&tree, "ours")?;
    let ours_cold = steps.run("krunner, cold", |step| {
        prune(step, &engine)?;
        timed(|| log(&mut ours_build(&archive), step))
    })?;
    let ours_cached = cached(&mut steps, "krunner", &archive, ours_build)?;
    let any_build = |output: &str| any.stages(&engine, &inputs, output);
    let archive = self::archive(&tree, "any")?;
    let any_cold = steps.run("krunner, `any`, cold", |step| {
        prune(step, &engine)?;
        timed(|| log(&mut any_build(&archive), step))
    })?;
    let any_cached = cached(&mut steps, "krunner, `any`", &archive, any_build)?;
    let ttyd = steps.run("ttyd, both platforms, cold", |step| {
        prune(step, &engine)?;
        timed(|| log(&mut ours.ttyd(&engine, &inputs), step))
    })?;

    print(
        "\npython + wheels, linux/amd64 and linux/arm64        cold      cached  cached, nothing written",
    );
    for (title, cold, cached) in [
        ("Dockerfile way with QEMU", theirs_cold, &theirs_cached),
        ("krunner, no emulation", ours_cold, &ours_cached),
        (
            "krunner, `any`: C runtime and bytecode too",
            any_cold,
            &any_cached,
        ),
    ] {
        print(&format!(
            "{title:<48}{cold:>6.2} s  {:>8.2} s  {:>8.2} s",
            cached.written, cached.nothing
        ));
    }
    print(&format!(
        "apart: ttyd compiled for both, cold             {ttyd:>6.2} s\n"
    ));
    print(&format!(
        "bench build cold_ratio={:.3} goal={COLD:.2}",
        ours_cold / theirs_cold
    ));
    print(&format!(
        "bench build cached_ratio={:.3} goal={CACHED:.1}",
        ours_cached.written / theirs_cached.written
    ));
    Ok(())
}

/// Where a build's OCI archive goes, as a value of `--output`: what a build is for.
fn archive(tree: &Tree, name: &str) -> Result<String> {
    let folder = folder(tree.target.join("bench"))?;
    Ok(format!("type=oci,dest={}/{name}.tar", folder.display()))
}

/// Seconds of a build that has nothing to do.
struct Cached {
    /// With its result written.
    written: f64,
    /// Without.
    nothing: f64,
}

/// The best of several builds of each kind, for they are short.
fn cached(
    steps: &mut Steps,
    title: &str,
    archive: &str,
    build: impl Fn(&str) -> Command,
) -> Result<Cached> {
    steps.run(&format!("{title}, cached"), |step| {
        Ok(Cached {
            written: best(|| log(&mut build(archive), step))?,
            nothing: best(|| log(&mut build(NOTHING), step))?,
        })
    })
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
