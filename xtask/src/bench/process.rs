//! One process: how long it took, how much memory it had at most, and what it said.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Between two looks at its memory. The kernel remembers the most, so what is missed is what came last.
const LOOK: Duration = Duration::from_millis(2);

/// What became of it.
#[derive(Debug)]
pub(super) struct Run {
    /// From its start until it was gone.
    pub(super) milliseconds: f64,
    /// The most that it had in memory at a time.
    pub(super) megabytes: f64,
    /// Its standard output.
    pub(super) said: String,
}

/// Runs a process to its end.
pub(super) fn run(command: &mut Command) -> Result<Run> {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("Cannot start `{}`", command.get_program().display()))?;
    let status = format!("/proc/{}/status", child.id());
    // Whoever talks much must not wait for us.
    let listen = |pipe: Option<Box<dyn std::io::Read + Send>>| {
        thread::spawn(move || {
            let mut said = Vec::new();
            pipe.map(|mut pipe| pipe.read_to_end(&mut said));
            String::from_utf8_lossy(&said).into_owned()
        })
    };
    let said = listen(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let complained = listen(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let mut kilobytes = 0.0f64;
    let watch = thread::spawn(move || {
        while let Some(now) = peak(&status) {
            kilobytes = kilobytes.max(now);
            thread::sleep(LOOK);
        }
        kilobytes
    });
    let status = child.wait()?;
    let took = started.elapsed();
    let kilobytes = watch.join().unwrap_or(f64::NAN);
    let (said, complained) = (said.join(), complained.join());
    if !status.success() {
        let complained = complained.unwrap_or_default();
        bail!(
            "`{command:?}` failed ({status}):\n{}",
            complained.trim_end()
        );
    }
    Ok(Run {
        milliseconds: took.as_secs_f64() * 1e3,
        megabytes: kilobytes / 1e3,
        said: said.unwrap_or_default(),
    })
}

/// `VmHWM`, while there is one.
fn peak(status: &str) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
