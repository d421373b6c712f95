//! Daemons: started as children, and stopped by their own process id.
//!
//! Nothing outlives us: a daemon is stopped when its handle is dropped (errors and panics included), gets the terminal's
//! interrupt with us, and is told by the kernel when we are killed. Those of [`Life::Own`] stay.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::command::{new_log, tail};

/// How long a daemon may take to come up, and to end. Pulp imports for ten seconds where it has a processor to itself, and a
/// compiler next to it makes that forty.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Whether a daemon ends with us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// It does.
    Ours,
    /// It stays until somebody stops it.
    Own,
}

/// A running daemon.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    name: String,
    log: PathBuf,
    life: Life,
}

impl Daemon {
    /// Starts a daemon whose output goes to `log`, and waits until `ready` says so.
    pub(crate) fn start(
        name: &str,
        mut command: Command,
        log: &Path,
        life: Life,
        ready: impl Fn() -> bool,
    ) -> Result<Self> {
        let file = new_log(log)?;
        let mut command = match life {
            Life::Ours => bound(&command),
            Life::Own => {
                command.process_group(0);
                command
            }
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("Cannot start {name}"))?;
        let mut daemon = Self {
            child,
            name: name.to_owned(),
            log: log.to_path_buf(),
            life,
        };
        let started = Instant::now();
        while !ready() {
            if let Some(status) = daemon.child.try_wait()? {
                bail!(
                    "{name} ended at once ({status}); the end of `{}`:\n{}",
                    log.display(),
                    tail(log)
                );
            }
            if started.elapsed() > PATIENCE {
                bail!(
                    "{name} did not come up; the end of `{}`:\n{}",
                    log.display(),
                    tail(log)
                );
            }
            thread::sleep(PAUSE);
        }
        Ok(daemon)
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn end(&mut self) {
        let Ok(None) = self.child.try_wait() else {
            return;
        };
        stop(self.child.id());
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            thread::sleep(PAUSE);
        }
        crate::console::talk(&format!(
            "{} did not end by itself; see `{}`",
            self.name,
            self.log.display()
        ));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.life == Life::Ours {
            self.end();
        }
    }
}

/// Asks a process to end.
pub(crate) fn stop(pid: u32) {
    if let Some(pid) = pid_of(pid) {
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// Waits until a process that is not our child is gone.
pub(crate) fn wait_gone(pid: u32) {
    let started = Instant::now();
    while alive(pid) && started.elapsed() < PATIENCE {
        thread::sleep(PAUSE);
    }
}

/// Whether a process is there.
pub(crate) fn alive(pid: u32) -> bool {
    pid_of(pid).is_some_and(|pid| test_kill_process(pid).is_ok())
}

fn pid_of(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// The same command under `setpriv`, so that the kernel ends it when we die without a word.
fn bound(command: &Command) -> Command {
    let mut bound = Command::new("setpriv");
    bound
        .args(["--pdeathsig", "TERM"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(life: Life) -> Daemon {
        let mut command = Command::new("sleep");
        command.arg("60");
        let log =
            std::env::temp_dir().join(format!("xtask-daemon-{}-{life:?}", std::process::id()));
        Daemon::start("sleeper", command, &log, life, || true).unwrap()
    }

    #[test]
    fn a_daemon_of_ours_ends_when_its_handle_is_dropped() {
        let daemon = sleeper(Life::Ours);
        let pid = daemon.pid();
        assert!(alive(pid));
        drop(daemon);
        assert!(!alive(pid));
    }

    #[test]
    fn a_daemon_that_ends_at_once_is_reported_with_its_log() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no socket; exit 3"]);
        let log = std::env::temp_dir().join(format!("xtask-daemon-{}-short", std::process::id()));
        let error = Daemon::start("short", command, &log, Life::Ours, || false)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("exit status: 3") && error.contains("no socket"),
            "{error}"
        );
    }
}
