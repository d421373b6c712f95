//! What our frontend takes: of the time of a build with nothing left to do, of memory, of the wire.
//!
//! Time is what a frontend has to itself, from its first instruction to `Return`: reading the spec or the Dockerfile from
//! the client, asking registries about base images, and handing graphs to the engine. What the engine takes to start it
//! and to look results up in its cache is the same for any frontend, and not in the ratio; whole builds are in the table.
//! The other one is `docker/dockerfile` itself, as an image like ours (see `peer`), on the Dockerfile of the same two
//! stages for the same two platforms. They take turns; the figure is a ratio of medians.
//!
//! Memory is the largest resident size of our process in a real build for two platforms, with a lock of 300 packages.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;

use super::build::NOTHING;
use super::crowd;
use super::dockerfile;
use super::ground::Ground;
use super::handler::Handler;
use super::ours::{Flavour, Ours};
use super::peer;
use super::program;
use super::samples::Samples;
use super::serve::Server;
use super::stopwatch::{self, Log, Run};
use super::wheelhouse;
use crate::build::Build;
use crate::command::{capture, log};
use crate::console::{Step, Steps, print};
use crate::demo::PLATFORMS;
use crate::frontend;
use crate::tree::{Tree, folder};
use crate::workbench::Engine;

/// What our frontend's time may be of the other's.
const RATIO: f64 = 0.7;
/// How large our image may be on the wire, in megabytes.
const IMAGE: f64 = 5.0;
/// How much memory we may have, in megabytes.
const MEMORY: f64 = 32.0;
/// With so many packages.
const PACKAGES: usize = 300;
/// Builds of each.
const ROUNDS: usize = 20;

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
    let peer = steps.run("docker/dockerfile", |step| peer::binary(&tree, step))?;
    let [ours, theirs] = steps.run("Images with a stopwatch", |step| {
        let stopwatch = program::compile(&tree, step, stopwatch::NAME)?;
        let ours = frontend::built(&tree)?;
        let image = |binary| stopwatch::image(&tree, step, &engine, &registry, &stopwatch, binary);
        Ok([image(&ours)?, image(&peer)?])
    })?;
    let krunner = Ours::new(&tree, &inputs, &wheels, &server, &ours, Flavour::Gnu)?;
    dockerfile::prepare(&tree, &engine, &registry, &inputs)?;
    let theirs = || {
        let mut build = dockerfile::build(&tree, &engine, &registry, &server, NOTHING);
        build.args(["--build-arg", &format!("BUILDKIT_SYNTAX={theirs}")]);
        build
    };
    let ours_again = || krunner.stages(&engine, &inputs, NOTHING);

    let handler = steps.run("Handler for the other architecture", |step| {
        Handler::register(&tree, step)
    })?;
    steps.run("Both, from nothing", |step| {
        log(&mut theirs(), step)?;
        log(&mut ours_again(), step)
    })?;
    drop(handler);
    let engine_log = Log::of(&tree, &engine)?;
    let [theirs, ours] = steps.run("Both, cached", |step| {
        let mut of = [Times::default(), Times::default()];
        for round in 0..ROUNDS {
            step.at(&format!("round {} of {ROUNDS}", round + 1));
            for turn in 0..2 {
                let who = (turn + round) % 2;
                let build = if who == 0 { theirs() } else { ours_again() };
                of[who].add(&engine_log, build, step)?;
            }
        }
        Ok(of)
    })?;
    let crowded = steps.run(&format!("A lock of {PACKAGES} packages"), |step| {
        crowded(&tree, step, &engine, &engine_log, &krunner)
    })?;
    let image = compressed(&engine, &frontend)?;

    print("\ncached, two platforms: milliseconds, median (and middle half)");
    print(&format!(
        "{:<24}{:>26}{:>28}",
        "", "frontend, to Return", "whole build"
    ));
    for (title, times) in [("docker/dockerfile", &theirs), ("krunner", &ours)] {
        print(&format!(
            "{title:<24}{:>26}{:>28}",
            times.frontend, times.whole
        ));
    }
    print(&format!(
        "with a lock of {PACKAGES} packages: {:.0} ms\n",
        crowded.milliseconds
    ));
    let ratio = ours.frontend.quantile(0.5) / theirs.frontend.quantile(0.5);
    print(&format!("bench frontend ratio={ratio:.3} goal={RATIO}"));
    print(&format!("bench frontend image_mb={image:.2} goal={IMAGE}"));
    print(&format!(
        "bench frontend memory_mb={:.1} goal={MEMORY}",
        crowded.megabytes
    ));
    Ok(())
}

/// Milliseconds that cached builds took.
#[derive(Debug, Default)]
struct Times {
    /// The frontend alone.
    frontend: Samples,
    /// The command that a user types.
    whole: Samples,
}

impl Times {
    fn add(&mut self, engine: &Log, mut build: Command, step: &Step) -> Result<()> {
        let started = Instant::now();
        let run = engine.run_during(|| log(&mut build, step))?;
        self.whole.add(started.elapsed().as_secs_f64() * 1e3);
        self.frontend.add(run.milliseconds);
        Ok(())
    }
}

/// Our frontend with a lock of many packages. Nothing serves them: the build fails after the frontend has returned.
fn crowded(tree: &Tree, step: &Step, engine: &Engine, log: &Log, ours: &Ours) -> Result<Run> {
    let context = folder(tree.target.join("bench/crowd"))?;
    fs::copy(ours.spec(), context.join("krunner.toml"))?;
    fs::write(context.join("pylock.toml"), crowd::lock(PACKAGES))?;
    let build = Build::spec(engine, &context, ours.frontend()).platforms(&PLATFORMS);
    let mut build = build.output(NOTHING).command();
    log.run_during(|| {
        let failed = crate::command::log(&mut build, step).err();
        failed.context("A build with packages that are nowhere did not fail")?;
        Ok(())
    })
}

/// Megabytes of an image on the wire.
#[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
fn compressed(engine: &Engine, reference: &str) -> Result<f64> {
    let raw = ["buildx", "imagetools", "inspect", "--raw", reference];
    let manifest: Value = serde_json::from_str(&capture(&mut engine.docker(raw))?)?;
    let layers = manifest["layers"].as_array();
    let layers = layers.context("The frontend's image is no single manifest")?;
    let parts = layers.iter().chain([&manifest["config"]]);
    let bytes: u64 = parts.filter_map(|part| part["size"].as_u64()).sum();
    Ok(bytes as f64 / 1e6)
}
