//! Publishing a two-platform volume to a registry on loopback, against the tools that copy images.
//!
//! The same blobs go into a fresh repository each time, and those who send them take turns. What each does:
//!
//! * `krunner publish` takes the layers from its cache (where its first run put them), composes manifests and index anew,
//!   and asks what is under the tag already. It has noted to which repository it sent a blob before, and has it mounted from there.
//! * `oras cp` copies the published layout: every blob, three at a time, then the manifests, then the tag.
//! * `crane push` does the same, four at a time; it knows layouts, and sends each blob in one request.
//! * `skopeo copy --all` does the same, six at a time, and writes the index anew. Like `krunner` it notes where it has seen a blob, and has
//!   it mounted.
//!
//! That is what happens from the second repository of a registry on, and what `ratio` is about. So that nobody takes it for the speed of
//! sending, the table has one more line, for `krunner` without its notes: every blob is sent, held against its digest on the way.
//!
//! `noop_ms` is a publish of what is there already. `memory_mb` is the largest resident size of `krunner` while it sends. For compression,
//! which only the first publish of a layer does, see [`compress`].

mod compress;
mod sender;

use std::path::PathBuf;

use anyhow::{Context, Result};

use self::sender::{Sender, Sent};
use super::program;
use super::samples::Samples;
use super::stopwatch;
use crate::command::{capture, log, program as command};
use crate::console::{Step, Steps, print};
use crate::daemon::Life;
use crate::frontend;
use crate::tree::{Tree, folder};
use crate::workbench::{self, Debian, Example, Registry};

/// What our time may be of the best one's.
const RATIO: f64 = 0.8;
/// What publishing takes when there is nothing to do, in milliseconds.
const NOOP: f64 = 50.0;
/// How much memory sending may have, in megabytes.
const MEMORY: f64 = 64.0;
/// Pushes of each.
const ROUNDS: usize = 11;
/// Before those, which fill caches.
const WARM: usize = 2;
/// Publishes of what is there.
const NOOPS: usize = 15;

/// What is published, and by what.
pub(super) struct Ground {
    /// The `krunner` command as users have it.
    pub(super) krunner: PathBuf,
    /// Measures what it runs.
    pub(super) stopwatch: PathBuf,
    /// An artifact of ours in a layout, under the tag `15`.
    pub(super) layout: PathBuf,
    /// Where this measurement keeps its things; emptied at its beginning.
    pub(super) home: PathBuf,
}

/// Runs the measurement.
pub(super) fn run() -> Result<()> {
    let tree = Tree::find()?;
    let mut steps = Steps::new(&tree)?;
    let registry = steps.run("Registry", |step| Registry::open(&tree, step, Life::Ours))?;
    let debian = Debian::find(&tree)?;
    let peers = steps.run("Peers", |step| sender::peers(&debian, &tree, step))?;
    let ground = Ground {
        krunner: steps.run("Command krunner", |step| frontend::krunner(&tree, step))?,
        stopwatch: steps.run("Stopwatch", |step| {
            program::compile(&tree, step, stopwatch::NAME)
        })?,
        layout: PathBuf::new(),
        home: {
            let home = tree.target.join("bench/push");
            let _ = std::fs::remove_dir_all(&home);
            folder(home)?
        },
    };
    let layout = steps.run("Volume", |step| volume(&tree, step, &ground))?;
    let ground = Ground { layout, ..ground };

    let ours = [
        Sender::krunner(&ground, "store"),
        Sender::forgetful(&ground, "store"),
    ];
    let senders: Vec<Sender> = ours.into_iter().chain(peers).collect();
    let mut times: Vec<Samples> = senders.iter().map(|_| Samples::default()).collect();
    let mut memory = 0.0f64;
    steps.run("Pushes into fresh repositories", |step| {
        for round in 0..WARM + ROUNDS {
            for turn in 0..senders.len() {
                let who = (turn + round) % senders.len();
                let name = senders[who].name;
                step.at(&format!("round {} of {}: {name}", round + 1, WARM + ROUNDS));
                let to = fresh(&registry, name, round);
                let sent = senders[who].send(&ground, &to, step)?;
                if round >= WARM {
                    times[who].add(sent.milliseconds);
                    if who < 2 {
                        memory = memory.max(sent.megabytes);
                    }
                }
            }
        }
        Ok(())
    })?;
    let noop = steps.run("Nothing to do", |step| {
        let to = fresh(&registry, "noop", 0);
        let mut noop = Samples::default();
        senders[0].send(&ground, &to, step)?;
        for _ in 0..NOOPS {
            noop.add(senders[0].send(&ground, &to, step)?.milliseconds);
        }
        Ok(noop)
    })?;
    let packed = compress::measure(&mut steps, &ground)?;

    print("\nmilliseconds for one push into a fresh repository, median (and middle half)");
    for (sender, times) in senders.iter().zip(&times) {
        print(&format!("  {:<20} {times:>24}", sender.name));
    }
    print(&format!("  {:<20} {noop:>24}\n", "nothing to do"));
    packed.table();
    let best = times[2..]
        .iter()
        .map(|times| times.quantile(0.5))
        .fold(f64::INFINITY, f64::min);
    print(&format!(
        "bench push ratio={:.3} goal={RATIO}",
        times[0].quantile(0.5) / best
    ));
    print(&format!(
        "bench push noop_ms={:.1} goal={NOOP}",
        noop.quantile(0.5)
    ));
    print(&format!("bench push memory_mb={memory:.1} goal={MEMORY}"));
    packed.figures();
    Ok(())
}

/// A repository that nobody has pushed into.
fn fresh(registry: &Registry, who: &str, round: usize) -> String {
    let run = std::process::id();
    let who: String = who.chars().filter(char::is_ascii_lowercase).collect();
    format!("{}/bench-push/{who}-{run}-{round}:15", registry.address)
}

/// The volume that the demo has published, if there is one; else Python's distributions, packed.
fn volume(tree: &Tree, step: &Step, ground: &Ground) -> Result<PathBuf> {
    let published = tree.target.join("demo/published");
    let source = if published.join("index.json").exists() {
        step.note("the demo's");
        published
    } else {
        let inputs = workbench::inputs(tree, step, Example::Any)?;
        let packed = ground.home.join("packed");
        for (architecture, folder) in &inputs.python {
            let mut pack = ground.command("volume-store");
            pack.arg("pack")
                .arg(format!("python={}", folder.display()))
                .arg(format!("oci:{}:15", packed.display()));
            log(pack.arg(format!("--platform=linux/{architecture}")), step)?;
        }
        packed
    };
    // As the level that is measured makes it, so that everybody sends the same bytes.
    let layout = ground.home.join("layout");
    let mut publish = ground.command("store");
    publish.arg("publish");
    for place in [&source, &layout] {
        publish.arg(format!("oci:{}:15", place.display()));
    }
    log(&mut publish, step)?;
    Ok(layout)
}

impl Ground {
    /// The command with a store of its own.
    pub(super) fn command(&self, store: &str) -> std::process::Command {
        let mut krunner = command(&self.krunner, [] as [&str; 0]);
        krunner.env("KRUNNER_STORE", self.home.join(store));
        krunner
    }

    /// Runs something with the stopwatch before it.
    pub(super) fn timed(&self, run: &std::process::Command) -> Result<Sent> {
        let mut watched = command(&self.stopwatch, [run.get_program()]);
        watched.args(run.get_args());
        for (name, value) in run.get_envs() {
            if let Some(value) = value {
                watched.env(name, value);
            }
        }
        // What it says goes to standard error, where the program's own talk is too.
        let mut shell = command("sh", ["-c", "exec \"$@\" 2>&1 >/dev/null", "sh"]);
        shell.arg(watched.get_program()).args(watched.get_args());
        for (name, value) in watched.get_envs() {
            if let Some(value) = value {
                shell.env(name, value);
            }
        }
        let said = capture(&mut shell)?;
        let run = said.lines().rev().find_map(stopwatch::parse);
        let run = run.with_context(|| format!("No time in: {said}"))?;
        Ok(Sent {
            milliseconds: run.milliseconds,
            megabytes: run.megabytes,
        })
    }
}
