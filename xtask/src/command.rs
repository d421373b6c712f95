//! Other programs: run, watched, and quoted when they fail.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::console::{Step, talk};

/// Lines of a log that an error shows.
const TAIL: usize = 30;

/// A program with arguments.
pub(crate) fn program<A: AsRef<std::ffi::OsStr>>(
    name: impl AsRef<std::ffi::OsStr>,
    args: impl IntoIterator<Item = A>,
) -> Command {
    let mut command = Command::new(name);
    command.args(args);
    command
}

/// Runs a program and gives what it printed, without the last newline.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("Cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` failed ({}):\n{}",
            shown(command),
            output.status,
            said.trim_end()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

/// Whether a program can be started and ends well; its output is of no interest.
pub(crate) fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a program whose output belongs to the developer.
pub(crate) fn show(command: &mut Command) -> Result<()> {
    talk(&format!("  $ {}", shown(command)));
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("Cannot start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a program whose output goes to the step's log, its last line being where the step is at.
pub(crate) fn log(command: &mut Command, step: &Step) -> Result<()> {
    let mut log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&step.log)
        .with_context(|| format!("Cannot write `{}`", step.log.display()))?;
    writeln!(log, "$ {}", shown(command))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("Cannot start `{}`", shown(command)))?;
    let (sender, lines) = mpsc::channel::<String>();
    let pipes: [Option<Box<dyn std::io::Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as _),
        child.stderr.take().map(|pipe| Box::new(pipe) as _),
    ];
    for pipe in pipes.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
    }
    drop(sender);
    for line in lines {
        writeln!(log, "{line}")?;
        if !line.trim().is_empty() {
            step.at(line.trim());
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!(
            "`{}` failed ({status}); the end of `{}`:\n{}",
            shown(command),
            step.log.display(),
            tail(&step.log)
        );
    }
    Ok(())
}

/// The last lines of a log.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

/// Runs the second program on the first one's output.
pub(crate) fn pipe(from: &mut Command, into: &mut Command) -> Result<String> {
    let mut source = from.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let pipe = source
        .stdout
        .take()
        .context("The first program has no output")?;
    let output = into.stdin(pipe).output()?;
    if !source.wait()?.success() || !output.status.success() {
        bail!(
            "`{} | {}` failed:\n{}",
            shown(from),
            shown(into),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

/// Where a daemon's output goes.
pub(crate) fn new_log(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("Cannot write `{}`", path.display()))
}

/// A command as one would type it.
fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| {
        let word = word.to_string_lossy();
        if word.contains([' ', '"', '$', '\n']) {
            format!("'{word}'")
        } else {
            word.into_owned()
        }
    }));
    words.join(" ")
}
