//! A machine: what it sees of ours, what it is told to do, and how it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tempfile::TempDir;

use crate::common;

/// What it starts in a second or two where nothing else runs.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);
/// Lines of the console that a failure shows.
const TAIL: usize = 60;

/// What `cargo xtask workbench env` wrote down, as far as it is of interest here.
#[derive(Deserialize)]
struct Record {
    machine: Option<Parts>,
    tools: std::collections::BTreeMap<String, PathBuf>,
}

/// What machines are made of.
#[derive(Deserialize)]
struct Parts {
    kernel: PathBuf,
    disk: PathBuf,
}

/// A machine that is off. Its disk keeps what was written to it from one start to the next.
pub(crate) struct Guest {
    parts: Parts,
    mkfs: PathBuf,
    dir: TempDir,
}

impl Guest {
    /// A new one, or `None` after printing why there is none.
    pub(crate) fn new() -> Option<Self> {
        let mut record: Record = common::workbench()?;
        let (Some(parts), Some(mkfs)) = (record.machine, record.tools.remove("mkfs.erofs")) else {
            eprintln!("skipped: no user-mode-linux, or no mkfs.erofs, on this machine");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("host")).unwrap();
        Some(Self { parts, mkfs, dir })
    }

    /// The folder that it sees as `/host`.
    pub(crate) fn host(&self) -> PathBuf {
        self.dir.path().join("host")
    }

    /// What it wrote there; nothing, if it did not.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.host().join(name)).unwrap_or_default()
    }

    /// `krunner` on this side, with a store for publishers.
    pub(crate) fn krunner(&self, words: &[&str]) -> Command {
        let tools = self.mkfs.parent().unwrap().display();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(env!("CARGO_BIN_EXE_krunner"));
        command
            .args(words)
            .current_dir(self.dir.path())
            .env("PATH", format!("{tools}:{path}"))
            .env("KRUNNER_STORE", self.dir.path().join("publisher"));
        command
    }

    /// Switches it on. It does what the script says, as its first program.
    pub(crate) fn boot(&self, script: &str) -> Running {
        program(&self.host().join("begin"), script);
        let programs = Path::new(env!("CARGO_BIN_EXE_krunner")).parent().unwrap();
        let console = self.dir.path().join("console");
        let log = fs::File::create(&console).unwrap();
        let shown = |path: &Path| path.display().to_string();
        let changes = self.dir.path().join("changes");
        let child = Command::new(&self.parts.kernel)
            .args(["mem=768M", "root=/dev/ubda", "rw", "init=/begin", "quiet"])
            .arg(format!(
                "ubd0={},{}",
                shown(&changes),
                shown(&self.parts.disk)
            ))
            .arg(format!("uml_dir={}/", shown(self.dir.path())))
            .arg(format!("folder={}", shown(&self.host())))
            .arg(format!("programs={}", shown(programs)))
            .args(["con=null", "con0=null,fd:1"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // It is many processes here, which end together.
            .process_group(0)
            .spawn()
            .unwrap();
        let host = self.host();
        Running {
            child,
            console,
            host,
        }
    }
}

/// Writes a program.
pub(crate) fn program(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A machine that is on.
pub(crate) struct Running {
    child: Child,
    console: PathBuf,
    host: PathBuf,
}

impl Running {
    /// Waits for a file in the shared folder.
    #[track_caller]
    pub(crate) fn until(&mut self, name: &str) {
        let began = Instant::now();
        while !self.host.join(name).exists() {
            let ended = self.child.try_wait().unwrap().is_some();
            assert!(!ended, "off before `{name}`:\n{}", self.said());
            let late = began.elapsed() > PATIENCE;
            assert!(!late, "no `{name}`:\n{}", self.said());
            sleep(PAUSE);
        }
    }

    /// Takes its power away.
    pub(crate) fn cut(self) {
        drop(self);
    }

    /// The end of what it said.
    pub(crate) fn said(&self) -> String {
        let said = fs::read(&self.console).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
        let said = fs::read_to_string(self.host.join("said")).unwrap_or_default();
        format!("{tail}\n{said}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}
