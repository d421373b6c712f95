//! Runs the build platform's Python: through its own loader, since the root of a step has no C library, and with an
//! environment that says nothing but what makes it the same everywhere.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::Fault;
use super::list::Module;
use crate::tool::step::Compiler;

/// What it runs.
const PROGRAM: &str = include_str!("compile.py");
/// Seconds for all modules of a tree: some fifty times what two processors need for eight hundred.
const LONGEST: u64 = 600;
/// How often is looked whether it is done: unnoticed beside seconds of work.
const POLL: Duration = Duration::from_millis(10);
/// Bytes of its last words that are shown.
const SHOWN: usize = 4 << 10;

/// The build platform's Python.
#[derive(Debug)]
pub(super) struct Python<'a> {
    compiler: &'a Compiler,
    interpreter: PathBuf,
    minor: u32,
}

impl<'a> Python<'a> {
    /// Finds the interpreter.
    pub(super) fn find(compiler: &'a Compiler) -> Result<Self, Fault> {
        let bin = compiler.python.join("bin");
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&bin).map_err(Fault::file(&bin))? {
            let entry = entry.map_err(Fault::file(&bin))?;
            let name = entry.file_name();
            let minor = name.to_str().and_then(|name| name.strip_prefix("python3."));
            if let Some(minor) = minor.and_then(|minor| minor.parse().ok()) {
                found.push((entry.path(), minor));
            }
        }
        match found.as_slice() {
            [(interpreter, minor)] => Ok(Self {
                compiler,
                interpreter: interpreter.clone(),
                minor: *minor,
            }),
            several => Err(Fault::Interpreter(several.len())),
        }
    }

    /// Its minor version.
    pub(super) fn minor(&self) -> u32 {
        self.minor
    }

    /// Compiles modules on as many processors, and returns those that do not compile, by their number, with the reason. `scratch` is a
    /// folder for what it reads and says.
    pub(super) fn compile(
        &self,
        modules: &[Module],
        processors: usize,
        scratch: &Path,
    ) -> Result<BTreeMap<usize, String>, Fault> {
        let (list, said, log) = (
            scratch.join("list"),
            scratch.join("said"),
            scratch.join("log"),
        );
        let lines: String = modules.iter().map(line).collect();
        std::fs::write(&list, lines).map_err(Fault::file(&list))?;
        let mut command = self.command();
        command
            .args(["-c", PROGRAM, &processors.to_string()])
            .stdin(File::open(&list).map_err(Fault::file(&list))?)
            .stdout(File::create(&said).map_err(Fault::file(&said))?)
            .stderr(File::create(&log).map_err(Fault::file(&log))?);
        let child = command.spawn().map_err(|source| Fault::Start {
            path: self.loader(),
            source,
        })?;
        let status = wait(child, Duration::from_secs(LONGEST)).map_err(Fault::file(&log))?;
        let Some(status) = status else {
            return Err(Fault::TooLong(LONGEST));
        };
        if !status.success() {
            let output = std::fs::read(&log).map_err(Fault::file(&log))?;
            let start = output.len().saturating_sub(SHOWN);
            let output = String::from_utf8_lossy(output.get(start..).unwrap_or_default());
            return Err(Fault::Failed {
                status: status.to_string(),
                output: output.trim_end().to_owned(),
            });
        }
        let said = std::fs::read(&said).map_err(Fault::file(&said))?;
        Ok(refused(&String::from_utf8_lossy(&said)))
    }

    /// Isolated from the folder it is started in (`-P`) and from any user's packages (`-s`), without `site` (`-S`)
    /// and without writing bytecode of its own (`-B`). `-I` would also ignore the hash seed.
    fn command(&self) -> Command {
        let Compiler {
            python, runtime, ..
        } = self.compiler;
        let mut libraries = OsString::from(runtime.join(&self.compiler.folder));
        libraries.push(":");
        libraries.push(python.join("lib"));
        let mut command = Command::new(self.loader());
        command
            .arg("--library-path")
            .arg(libraries)
            .arg(&self.interpreter)
            .args(["-s", "-S", "-B", "-P"])
            .env_clear()
            .env("PYTHONHOME", python)
            .env("PYTHONHASHSEED", "0")
            // So that it can be stopped together with the processes that it made.
            .process_group(0);
        command
    }

    fn loader(&self) -> PathBuf {
        let folder = self.compiler.runtime.join(&self.compiler.folder);
        folder.join(&self.compiler.loader)
    }
}

/// A module as the program reads it. No path of a tree has a control character.
fn line(module: &Module) -> String {
    let (source, cache) = (module.source.display(), module.cache.display());
    format!("{source}\0{cache}\0{}\n", module.name)
}

/// What the program said of modules that do not compile.
fn refused(said: &str) -> BTreeMap<usize, String> {
    let lines = said.lines().filter_map(|line| line.split_once('\t'));
    lines
        .filter_map(|(number, reason)| Some((number.parse().ok()?, reason.to_owned())))
        .collect()
}

/// Waits for the end of a process; none if it took longer than `longest` and was stopped.
fn wait(mut child: Child, longest: Duration) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > longest {
            let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            if let Some(group) = group {
                rustix::process::kill_process_group(group, Signal::KILL)?;
            }
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_stopped_with_all_that_it_started() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 60 & wait"]).process_group(0);
        let start = Instant::now();
        let child = command.spawn().unwrap();
        assert!(wait(child, Duration::from_millis(50)).unwrap().is_none());
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn modules_that_do_not_compile_are_told_by_number() {
        let said = "7\tSyntaxError: invalid syntax\nnoise\n";
        let refused = refused(said);
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[&7], "SyntaxError: invalid syntax");
    }
}
