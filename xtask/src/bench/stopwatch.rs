//! Frontends with a stopwatch before them, in images of their own.
//!
//! The engine starts a frontend as the first process of a container, and takes it for done when it has called `Return`,
//! after which it ends. The stopwatch is that first process; it starts the frontend with the same input and output,
//! and says on standard error, which is the engine's log, how long it lived and how much memory it had.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::build::Build;
use crate::command::log;
use crate::console::Step;
use crate::tree::{Tree, folder};
use crate::workbench::{Engine, Registry};

/// What the program is called, and how its line begins.
pub(super) const NAME: &str = "stopwatch";

/// One run of a frontend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    /// From its start to its end.
    pub(super) milliseconds: f64,
    /// The most that it had in memory at a time.
    pub(super) megabytes: f64,
}

/// Where the engine logs.
#[derive(Debug)]
pub(super) struct Log(PathBuf);

impl Log {
    /// The log of an engine of the workbench.
    pub(super) fn of(tree: &Tree, engine: &Engine) -> Result<Self> {
        let name = format!("dockerd-{}.log", engine.kind.name());
        Ok(Self(tree.workbench("log")?.join(name)))
    }

    /// The one run of a frontend while `work` was done.
    pub(super) fn run_during(&self, work: impl FnOnce() -> Result<()>) -> Result<Run> {
        let before = self.read()?.len();
        work()?;
        let text = self.read()?;
        let runs = text.get(before..).unwrap_or_default().lines();
        let runs: Vec<Run> = runs.filter_map(parse).collect();
        let [run] = runs[..] else {
            bail!("{} runs of a frontend, not one", runs.len());
        };
        Ok(run)
    }

    fn read(&self) -> Result<String> {
        let bytes = fs::read(&self.0)
            .with_context(|| format!("Cannot read the engine's log `{}`", self.0.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A line of the stopwatch: nanoseconds, and KiB.
#[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
pub(super) fn parse(line: &str) -> Option<Run> {
    let (name, numbers) = line.split_once(' ')?;
    let (nanoseconds, kib) = numbers.split_once(' ')?;
    let number = |text: &str| Some(text.parse::<u64>().ok()? as f64);
    (name == NAME).then_some(())?;
    Some(Run {
        milliseconds: number(nanoseconds)? / 1e6,
        megabytes: number(kib)? * 1024.0 / 1e6,
    })
}

/// Puts a frontend's program with the stopwatch before it into the registry; says how builds name it.
pub(super) fn image(
    tree: &Tree,
    step: &Step,
    engine: &Engine,
    registry: &Registry,
    stopwatch: &Path,
    frontend: &Path,
) -> Result<String> {
    let name = frontend
        .file_name()
        .and_then(|name| name.to_str())
        .context("The frontend has no name")?;
    let context = folder(tree.target.join("bench/images").join(name))?;
    fs::copy(frontend, context.join(name))?;
    fs::copy(stopwatch, context.join(NAME))?;
    // As both frontends' own images have it.
    let dockerfile = format!(
        "FROM scratch
COPY {name} {NAME} /
LABEL moby.buildkit.frontend.network.none=\"true\" \\
    moby.buildkit.frontend.caps=\"moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts\"
ENTRYPOINT [\"/{NAME}\", \"/{name}\"]
"
    );
    let file = context.join("Dockerfile");
    fs::write(&file, dockerfile)?;
    let reference = format!("{}/{NAME}/{name}:dev", registry.address);
    let build = Build::new(engine, &file, &context).tag(&reference);
    log(&mut build.command(), step)?;
    log(&mut engine.docker(["push", &reference]), step)?;
    Ok(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_from_between_other_lines() {
        let log = std::env::temp_dir().join(format!("xtask-stopwatch-{}", std::process::id()));
        fs::write(&log, "stopwatch 1 1\n").unwrap();
        let engine = Log(log.clone());
        let say = |lines: &str| {
            engine.run_during(|| {
                let before = fs::read_to_string(&log)?;
                Ok(fs::write(&log, before + lines)?)
            })
        };
        let run = say("time=now level=info\nstopwatch 2500000 1000\nstopwatch broken\n").unwrap();
        assert_eq!((run.milliseconds, run.megabytes), (2.5, 1.024));
        say("nothing\n").unwrap_err();
        say("stopwatch 1 1\nstopwatch 2 2\n").unwrap_err();
        fs::remove_file(log).unwrap();
    }
}
