//! How soon a container's Python is up: our volume against the published one, in the same image.
//!
//! What is measured is the volume, not the engine, which takes its third of a second to make a container whatever is
//! mounted into it. So the clock starts inside: the first process of a fresh container lets it be read and then becomes
//! the volume's Python. It stops when Python has done the imports and reads it again, or, for `pass`, when the whole process has
//! ended. Every sample is a container of its own; both volumes are mounted read-only from the same disk, both are warm,
//! they take turns, and who is first changes. The result is a ratio of medians.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::ground::Ground;
use super::program;
use super::samples::Samples;
use crate::build::Build;
use crate::command::{capture, log};
use crate::console::{Step, Steps, print};
use crate::tree::Tree;
use crate::workbench::{self, Debian, Engine, PLAIN};

/// Samples of each kind and volume.
const ROUNDS: usize = 40;
/// Rounds before those, which fill caches.
const WARM: usize = 2;

/// What is started.
struct Case {
    /// In the last lines.
    name: &'static str,
    /// In the table.
    title: &'static str,
    /// What our time may be of the published volume's.
    goal: f64,
    /// The first process: prints nanoseconds twice.
    shell: &'static str,
    /// What Python runs.
    program: &'static str,
}

const CASES: [Case; 2] = [
    Case {
        name: "import_ratio",
        title: "import zmq, msgpack, attrs, jupyter_client, asyncio",
        goal: 0.75,
        shell: "/now; exec \"$@\"",
        program: "import zmq, msgpack, attrs, jupyter_client, asyncio, time; print(time.time_ns())",
    },
    Case {
        name: "pass_ratio",
        title: "pass",
        goal: 0.9,
        shell: "/now; \"$@\"; /now",
        program: "pass",
    },
];

/// Runs the measurement.
pub(super) fn run() -> Result<()> {
    let tree = Tree::find()?;
    let mut steps = Steps::new(&tree)?;
    let architecture = Debian::find(&tree)?.architecture().to_owned();
    let Ground {
        engine,
        registry: _registry,
        inputs,
        frontend,
    } = Ground::open(&tree, &mut steps)?;
    let theirs = steps.run("Published volume", |step| {
        workbench::published(&tree, step, &architecture)
    })?;
    let ours = steps.run("Our volume", |step| {
        let folder = tree.target.join("bench/start");
        let _ = fs::remove_dir_all(&folder);
        let build = Build::example(&engine, &inputs, &frontend)
            .platforms(&[&format!("linux/{architecture}")])
            .output(&format!("type=local,dest={}", folder.display()));
        log(&mut build.command(), step)?;
        Ok(folder)
    })?;
    let place = Place {
        image: PLAIN.tag(&architecture),
        // The image has nothing that tells the time.
        clock: steps.run("Clock", |step| program::compile(&tree, step, "now"))?,
        volumes: [theirs, ours],
        engine,
    };
    let results = steps.run("Starts", |step| place.measure(step))?;

    print("\nmilliseconds in a fresh container, median (and middle half)");
    print(&format!("{:<56} {:>22} {:>22}", "", "published", "krunner"));
    for (case, [theirs, ours]) in CASES.iter().zip(&results) {
        print(&format!("{:<56} {theirs:>22} {ours:>22}", case.title));
    }
    print("");
    for (case, [theirs, ours]) in CASES.iter().zip(&results) {
        print(&format!(
            "bench start {}={:.3} goal={}",
            case.name,
            ours.quantile(0.5) / theirs.quantile(0.5),
            case.goal
        ));
    }
    Ok(())
}

/// Where samples are taken.
struct Place {
    engine: Engine,
    image: String,
    clock: PathBuf,
    /// The published one and ours.
    volumes: [PathBuf; 2],
}

impl Place {
    /// The samples of both volumes for each case.
    fn measure(&self, step: &Step) -> Result<Vec<[Samples; 2]>> {
        let mut results: Vec<[Samples; 2]> = CASES.iter().map(|_| Default::default()).collect();
        for round in 0..WARM + ROUNDS {
            step.at(&format!("round {} of {}", round + 1, WARM + ROUNDS));
            for (case, result) in CASES.iter().zip(&mut results) {
                for turn in 0..2 {
                    let volume = (turn + round) % 2;
                    let sample = self.sample(&self.volumes[volume], case)?;
                    if round >= WARM {
                        result[volume].add(sample);
                    }
                }
            }
        }
        Ok(results)
    }

    /// Milliseconds that one start took.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds, with a fraction")]
    fn sample(&self, volume: &Path, case: &Case) -> Result<f64> {
        let run = ["run", "--rm", "--network", "none", "--read-only"];
        let mut command = self.engine.docker(run);
        for (from, to) in [(volume, "/opt/backend.ai"), (&self.clock, "/now")] {
            let volume = format!("{}:{to}:ro", from.display());
            command.args(["--volume", &volume]);
        }
        command.args([&self.image, "sh", "-c", case.shell, "sh"]);
        command.args(["/opt/backend.ai/bin/python", "-c", case.program]);
        let said = capture(&mut command)?;
        let mut marks = said.lines().map(str::parse::<u64>);
        let (Some(Ok(from)), Some(Ok(to)), None) = (marks.next(), marks.next(), marks.next())
        else {
            bail!("Not two times: {said}");
        };
        let took = to.checked_sub(from).context("The clock went backwards")?;
        Ok(took as f64 / 1e6)
    }
}
