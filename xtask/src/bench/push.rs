//! Publishing a two-platform volume to a registry on loopback, against the tools that copy images.
//!
//! The same blobs go into a fresh repository of a fresh registry each time, so that nobody can have them mounted from
//! where they sent them before, as `krunner` and `skopeo` would. Those who send take turns. What each does:
//!
//! * `krunner publish` takes the layers from its cache (where its first run put them), composes manifests and index anew,
//!   asks what is under the tag already and whether there is such a repository, and sends every blob, held against its digest on the
//!   way, eight at a time; what has more than 16 MiB in pieces that can be taken up.
//! * `oras cp` copies the published layout: every blob, three at a time, then the manifests, then the tag.
//! * `crane push` does the same, four at a time; it knows layouts, and sends each blob in one request.
//! * `skopeo copy --all` does the same, six at a time, and writes the index anew.
//!
//! The table has one more line without a figure: `krunner` into a second repository of that registry, where it has all mounted.
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
const ROUNDS: u8 = 11;
/// Before those, which fill caches.
const WARM: u8 = 2;
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

    let registries = steps.run("A registry for each round", |step| {
        (1..=WARM + ROUNDS)
            .map(|number| Registry::another(&tree, step, number))
            .collect::<Result<Vec<_>>>()
    })?;
    let ours = Sender::krunner(&ground, "store");
    let senders: Vec<Sender> = std::iter::once(ours).chain(peers).collect();
    let mut times: Vec<Samples> = senders.iter().map(|_| Samples::default()).collect();
    let (mut mounted, mut memory) = (Samples::default(), 0.0f64);
    steps.run("Pushes into fresh registries", |step| {
        for (round, registry) in registries.iter().enumerate() {
            for turn in 0..senders.len() {
                let who = (turn + round) % senders.len();
                let name = senders[who].name;
                step.at(&format!(
                    "round {} of {}: {name}",
                    round + 1,
                    registries.len()
                ));
                let sent = senders[who].send(&ground, &fresh(registry, name), step)?;
                if round >= usize::from(WARM) {
                    times[who].add(sent.milliseconds);
                    if who == 0 {
                        memory = memory.max(sent.megabytes);
                    }
                }
            }
            let again = senders[0].send(&ground, &fresh(registry, "second"), step)?;
            if round >= usize::from(WARM) {
                mounted.add(again.milliseconds);
            }
        }
        Ok(())
    })?;
    let noop = steps.run("Nothing to do", |step| {
        let to = fresh(&registry, "noop");
        let mut noop = Samples::default();
        senders[0].send(&ground, &to, step)?;
        for _ in 0..NOOPS {
            noop.add(senders[0].send(&ground, &to, step)?.milliseconds);
        }
        Ok(noop)
    })?;
    let packed = compress::measure(&mut steps, &ground)?;

    print("\nmilliseconds for one push, median (and middle half)");
    for (sender, times) in senders.iter().zip(&times) {
        print(&format!("  {:<20} {times:>24}", sender.name));
    }
    print(&format!("  {:<20} {mounted:>24}", "krunner, mounting"));
    print(&format!("  {:<20} {noop:>24}\n", "nothing to do"));
    packed.table();
    let best = times[1..]
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
fn fresh(registry: &Registry, who: &str) -> String {
    format!(
        "{}/bench-push/{who}-{}:15",
        registry.address,
        std::process::id()
    )
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
