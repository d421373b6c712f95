//! How soon a volume is on a node: `krunner pull` against what else brings the same files from the same registry.
//!
//! One artifact, one registry on loopback, and every way in turn, who is first changing from round to round. Each way gets a
//! fresh ext4 on a file of its own, mounted through a loop device without a cache of its own (root only, else a fresh folder): what
//! others write, flush or have just deleted on the disk that all share changes times threefold. Docker alone has its store where
//! its daemon has it. A way ends when the files are in place. Ours are then also verified and durable, which the others' are not:
//! what it takes to flush their disk besides is told beside it, and counts for nothing.
//! The floor is `tar x` of the uncompressed tree: no network, no digest, no decompression.

mod content;
mod disk;
mod erofs;
mod ways;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::process;
use super::samples::Samples;
use crate::command::capture;
use crate::console::{Step, Steps, print};
use crate::daemon::Life;
use crate::frontend;
use crate::tree::Tree;
use crate::workbench::{self, Debian, Engine, Kind, PLAIN, Registry};
use content::Content;
use ways::{OURS, Place, Way};

/// Pulls with nothing to do.
const NOTHING: usize = 21;

/// Runs the measurement.
pub(super) fn run(rounds: usize) -> Result<()> {
    let tree = Tree::find()?;
    let mut steps = Steps::new(&tree)?;
    let engine = steps.run("Engine 26.1", |step| {
        let engine = Engine::open(&tree, step, Kind::V26, Life::Ours)?;
        workbench::load_images(&tree, step, &engine, &[PLAIN])?;
        Ok(engine)
    })?;
    let registry = steps.run("Registry", |step| Registry::open(&tree, step, Life::Ours))?;
    let krunner = steps.run("Command krunner", |step| frontend::krunner(&tree, step))?;
    let content = steps.run("Content", |step| {
        Content::make(&tree, step, &krunner, &registry.address)
    })?;
    let place = steps.run("Tools", |step| {
        let debian = Debian::find(&tree)?;
        let plain = PLAIN.tag(debian.architecture());
        Place::new(&tree, step, &debian, krunner, engine, plain)
    })?;
    let ways = ways::all(&place);
    let cold = steps.run("Cold", |step| cold(&place, &content, &ways, rounds, step))?;
    let update = steps.run("One changed wheel", |step| {
        update(&place, &content, rounds, step)
    })?;
    let nothing = steps.run("Nothing to do", |step| nothing(&place, &content, step))?;
    let erofs = steps.run("EROFS", |step| {
        erofs::measure(&place, &content, rounds, step)
    })?;
    tell(&content, &cold, &update, &nothing, erofs.as_ref())?;
    steps.run("Clearing away", |_| place.clear())
}

/// Milliseconds by way, and the memory of ours.
struct Cold {
    took: BTreeMap<&'static str, Samples>,
    /// Until it was durable too, where the way ended on a disk of its own.
    durable: BTreeMap<&'static str, Samples>,
    megabytes: Samples,
}

fn cold(
    place: &Place,
    content: &Content,
    ways: &[Way],
    rounds: usize,
    step: &Step,
) -> Result<Cold> {
    let mut result = Cold {
        took: BTreeMap::new(),
        durable: BTreeMap::new(),
        megabytes: Samples::default(),
    };
    for round in 0..=rounds {
        step.at(&format!("round {round} of {rounds}"));
        for turn in 0..ways.len() {
            let way = &ways[(turn + round) % ways.len()];
            let (run, flush) = way.run(place, content)?;
            // The first round warms the registry's and the tools' pages.
            if round > 0 {
                if let Some(flush) = flush {
                    let durable = result.durable.entry(way.name).or_default();
                    durable.add(run.milliseconds + flush);
                }
                result
                    .took
                    .entry(way.name)
                    .or_default()
                    .add(run.milliseconds);
                if way.name == OURS {
                    result.megabytes.add(run.megabytes);
                }
            }
        }
    }
    Ok(result)
}

/// From one version to the next, and what came over the line.
struct Update {
    took: Samples,
    bytes: u64,
}

fn update(place: &Place, content: &Content, rounds: usize, step: &Step) -> Result<Update> {
    let mut took = Samples::default();
    let mut bytes = 0;
    for round in 0..rounds {
        step.at(&format!("round {} of {rounds}", round + 1));
        let store = place.fresh()?;
        content.point_at(0)?;
        capture(&mut place.pull(content, &store))?;
        content.point_at(1)?;
        let mut command = place.pull(content, &store);
        command.args(["--output", "json"]);
        let run = process::run(&mut command)?;
        took.add(run.milliseconds);
        let pulled: serde_json::Value = serde_json::from_str(&run.said)?;
        bytes = pulled["fetched"].as_u64().context("No `fetched`")?;
        place.done();
    }
    content.point_at(0)?;
    Ok(Update { took, bytes })
}

fn nothing(place: &Place, content: &Content, step: &Step) -> Result<Samples> {
    let store: PathBuf = place.fresh()?;
    capture(&mut place.pull(content, &store))?;
    let mut took = Samples::default();
    for round in 0..NOTHING {
        step.at(&format!("round {} of {NOTHING}", round + 1));
        took.add(process::run(&mut place.pull(content, &store))?.milliseconds);
    }
    Ok(took)
}

fn tell(
    content: &Content,
    cold: &Cold,
    update: &Update,
    nothing: &Samples,
    erofs: Option<&Samples>,
) -> Result<()> {
    print(&format!(
        "\n{} files, {:.1} MB, {:.1} MB compressed; milliseconds, median (and middle half)",
        content.files,
        frontend::megabytes(content.bytes),
        frontend::megabytes(content.packed)
    ));
    for (name, samples) in &cold.took {
        let durable = cold.durable.get(name);
        let durable = durable.map_or_else(String::new, |samples| format!(" {samples:>28} durable"));
        print(&format!("{name:<44} {samples:>28}{durable}"));
    }
    if let Some(erofs) = erofs {
        print(&format!("{:<44} {erofs:>28}", "krunner pull --mode erofs"));
    }
    print(&format!(
        "{:<44} {:>28}",
        "krunner pull, one changed wheel", update.took
    ));
    print(&format!(
        "{:<44} {nothing:>28}",
        "krunner pull, nothing to do"
    ));
    let median = |name: &str| cold.took.get(name).map(|samples| samples.quantile(0.5));
    let ours = median(OURS).context("Nothing was measured")?;
    let floor = median(ways::FLOOR).context("No floor")?;
    let others = cold
        .took
        .keys()
        .filter(|name| ![OURS, ways::FLOOR].contains(name));
    let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
    let best = least(&mut others.clone().filter_map(|name| median(name)));
    let durable = least(&mut others.filter_map(|name| Some(cold.durable.get(name)?.quantile(0.5))));
    print(&format!(
        "\nto the best of the others: {:.2}, to the best when flushed too: {:.2}; to the floor: {:.2}\n",
        ours / best,
        ours / durable,
        ours / floor
    ));
    print(&format!("bench pull dir_ratio={:.3} goal=0.6", ours / best));
    if let Some(erofs) = erofs {
        let ratio = erofs.quantile(0.5) / best;
        print(&format!("bench pull erofs_ratio={ratio:.3} goal=0.3"));
    } else {
        print("bench pull erofs_ratio=skipped goal=0.3");
    }
    let updated = update.took.quantile(0.5);
    print(&format!(
        "bench pull update_ratio={:.3} goal=0.15",
        updated / ours
    ));
    #[expect(clippy::cast_precision_loss, reason = "megabytes")]
    let bytes = update.bytes as f64 / content.changed as f64;
    print(&format!("bench pull update_bytes={bytes:.3} goal=1.1"));
    print(&format!(
        "bench pull noop_ms={:.1} goal=15",
        nothing.quantile(0.5)
    ));
    print(&format!(
        "bench pull memory_mb={:.1} goal=96",
        cold.megabytes.quantile(1.0)
    ));
    Ok(())
}
