//! What compressing takes: time against `zstd -T0` at the same level, size against `zstd -19` of each platform's whole tar.
//!
//! Ours is `krunner publish` of the published layout into another one with an empty cache: it unpacks every layer, checks every
//! entry, hashes the tar, compresses it, hashes the result and writes it twice (cache and layout). Theirs is one `zstd` for each platform's layers in one
//! file, one after the other, each on all cores. They take turns.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Ground;
use crate::bench::samples::Samples;
use crate::command::{capture, program};
use crate::console::{Step, Steps, print};
use crate::frontend::megabytes;

/// What our time may be of that of `zstd -T0`.
const TIME: f64 = 1.2;
/// What our layers may have of the bytes of `zstd -19`.
const SIZE: f64 = 1.03;
/// The levels, and how often each is measured: what is published while one works, and what is released.
const LEVELS: [(u8, usize); 2] = [(9, 5), (19, 1)];

/// What was measured.
pub(super) struct Packed {
    /// By level: ours, theirs, in milliseconds.
    times: Vec<(u8, Samples, Samples)>,
    /// The sum of our layers at the highest level.
    layers: u64,
    /// What `zstd` makes of the whole tars.
    whole: u64,
}

/// Measures.
pub(super) fn measure(steps: &mut Steps, ground: &Ground) -> Result<Packed> {
    let tars = steps.run("Whole tars", |step| whole_tars(step, ground))?;
    let mut times = Vec::new();
    for (level, rounds) in LEVELS {
        times.push(steps.run(&format!("Compressing at level {level}"), |step| {
            let (mut ours, mut theirs) = (Samples::default(), Samples::default());
            for round in 0..rounds {
                step.at(&format!("round {} of {rounds}", round + 1));
                ours.add(publish(ground, level, round)?);
                theirs.add(zstd(ground, &tars, level, "-T0")?);
            }
            Ok((level, ours, theirs))
        })?);
    }
    let (level, _) = LEVELS[LEVELS.len() - 1];
    let whole = steps.run("Whole tars on one thread", |_| {
        zstd(ground, &tars, level, "-T1")?;
        tars.iter()
            .map(|tar| Ok(fs::metadata(packed(tar))?.len()))
            .sum()
    })?;
    Ok(Packed {
        times,
        layers: layers(&out(ground, level, 0))?,
        whole,
    })
}

impl Packed {
    /// What people read.
    pub(super) fn table(&self) {
        print("milliseconds to compress both platforms, median (and middle half)");
        print(&format!("{:<12}{:>28}{:>28}", "", "krunner", "zstd -T0"));
        for (level, ours, theirs) in &self.times {
            print(&format!("  level {level:<4}{ours:>28}{theirs:>28}"));
        }
        let (layers, whole) = (megabytes(self.layers), megabytes(self.whole));
        print(&format!(
            "  level 19: layers {layers:.1} MB, whole tars {whole:.1} MB\n"
        ));
    }

    /// What programs read: the worse of the levels.
    #[expect(clippy::cast_precision_loss, reason = "a ratio with three digits")]
    pub(super) fn figures(&self) {
        let ratio =
            |(_, ours, theirs): &(u8, Samples, Samples)| ours.quantile(0.5) / theirs.quantile(0.5);
        let worst = self.times.iter().map(ratio).fold(0.0, f64::max);
        print(&format!("bench push compress_ratio={worst:.3} goal={TIME}"));
        print(&format!(
            "bench push layers_ratio={:.3} goal={SIZE}",
            self.layers as f64 / self.whole as f64
        ));
    }
}

fn out(ground: &Ground, level: u8, round: usize) -> PathBuf {
    ground.home.join(format!("packed-{level}-{round}"))
}

/// Milliseconds of a publish with an empty cache.
fn publish(ground: &Ground, level: u8, round: usize) -> Result<f64> {
    let mut publish = ground.command(&format!("store-{level}-{round}"));
    publish.arg("publish");
    for place in [&ground.layout, &out(ground, level, round)] {
        publish.arg(format!("oci:{}:15", place.display()));
    }
    publish.args(["--level", &level.to_string()]);
    Ok(ground.timed(&publish)?.milliseconds)
}

/// Milliseconds of `zstd` for all tars, one after the other.
fn zstd(ground: &Ground, tars: &[PathBuf], level: u8, threads: &str) -> Result<f64> {
    let mut took = 0.0;
    for tar in tars {
        let level = format!("-{level}");
        let mut zstd = program("zstd", ["-q", "-f", "-k", &level, threads, "-o"]);
        zstd.arg(packed(tar)).arg(tar);
        took += ground.timed(&zstd)?.milliseconds;
    }
    Ok(took)
}

fn packed(tar: &Path) -> PathBuf {
    tar.with_extension("tar.zst")
}

/// Each platform's layers, unpacked and one behind the other.
fn whole_tars(step: &Step, ground: &Ground) -> Result<Vec<PathBuf>> {
    manifests(&ground.layout)?
        .iter()
        .enumerate()
        .map(|(number, manifest)| {
            let tar = ground.home.join(format!("whole-{number}.tar"));
            step.at(&tar.display().to_string());
            let mut unpack = Command::new("sh");
            unpack.args(["-c", "out=$1; shift; zstd -dcq -- \"$@\" > \"$out\"", "sh"]);
            unpack.arg(&tar);
            for layer in manifest["layers"].as_array().into_iter().flatten() {
                unpack.arg(blob(&ground.layout, layer)?);
            }
            capture(&mut unpack)?;
            Ok(tar)
        })
        .collect()
}

/// The sum of all layers' sizes.
fn layers(layout: &Path) -> Result<u64> {
    let manifests = manifests(layout)?;
    let layers = manifests
        .iter()
        .flat_map(|manifest| manifest["layers"].as_array().into_iter().flatten());
    Ok(layers.filter_map(|layer| layer["size"].as_u64()).sum())
}

/// The manifests of a layout with one entry.
fn manifests(layout: &Path) -> Result<Vec<serde_json::Value>> {
    let read = |path: &Path| -> Result<serde_json::Value> {
        let text = fs::read(path).with_context(|| format!("Cannot read `{}`", path.display()))?;
        Ok(serde_json::from_slice(&text)?)
    };
    let entries = read(&layout.join("index.json"))?;
    let index = read(&blob(layout, &entries["manifests"][0])?)?;
    let list = index["manifests"].as_array().into_iter().flatten();
    list.map(|entry| read(&blob(layout, entry)?)).collect()
}

/// Where a descriptor's content is.
fn blob(layout: &Path, descriptor: &serde_json::Value) -> Result<PathBuf> {
    let digest = descriptor["digest"].as_str().context("No digest")?;
    let hex = digest.strip_prefix("sha256:").context("No SHA-256")?;
    Ok(layout.join("blobs/sha256").join(hex))
}
