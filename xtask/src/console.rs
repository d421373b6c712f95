//! What the developer sees: numbered steps with their seconds. The only module here that prints.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use crate::tree::Tree;

/// How often a long step says where it is when nobody watches a terminal.
const SAY_AFTER: Duration = Duration::from_secs(20);

/// Says something on standard error.
#[expect(clippy::print_stderr, reason = "the one place where xtask talks")]
pub(crate) fn talk(line: &str) {
    eprintln!("{line}");
}

/// Prints a result on standard output.
#[expect(
    clippy::print_stdout,
    reason = "the one place where xtask prints results"
)]
pub(crate) fn print(line: &str) {
    println!("{line}");
}

/// The steps of a verb, with the seconds that each took.
#[derive(Debug)]
pub(crate) struct Steps {
    logs: PathBuf,
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Begins; logs of steps go below the workbench.
    pub(crate) fn new(tree: &Tree) -> Result<Self> {
        let logs = tree.workbench("log")?;
        Ok(Self {
            logs,
            done: Vec::new(),
        })
    }

    /// Runs one step. `work` may tell what it is at through [`Step::at`], and what came out through [`Step::note`].
    pub(crate) fn run<T>(
        &mut self,
        title: &str,
        work: impl FnOnce(&Step) -> Result<T>,
    ) -> Result<T> {
        let started = Instant::now();
        let step = Step::begin(title, self.log(title));
        let result = work(&step);
        let took = started.elapsed();
        step.end(title, took, result.is_ok());
        if result.is_ok() {
            self.done.push((title.to_owned(), took));
        }
        result
    }

    /// What was done, and how long it took.
    pub(crate) fn done(&self) -> &[(String, Duration)] {
        &self.done
    }

    fn log(&self, title: &str) -> PathBuf {
        let name: String = title
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() || letter == '.' {
                    letter
                } else {
                    '-'
                }
            })
            .collect();
        self.logs.join(format!("{name}.log"))
    }
}

/// One running step.
#[derive(Debug)]
pub(crate) struct Step {
    /// Where the output of its programs goes.
    pub(crate) log: PathBuf,
    bar: ProgressBar,
    at: Arc<Mutex<String>>,
    note: Mutex<String>,
    stop: mpsc::Sender<()>,
}

impl Step {
    fn begin(title: &str, log: PathBuf) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        let at = Arc::new(Mutex::new(String::new()));
        let (stop, stopped) = mpsc::channel();
        if !std::io::stderr().is_terminal() {
            let (title, at) = (title.to_owned(), Arc::clone(&at));
            thread::spawn(move || say_now_and_then(&title, &at, &stopped));
        }
        let _ = std::fs::remove_file(&log);
        Self {
            log,
            bar,
            at,
            note: Mutex::default(),
            stop,
        }
    }

    /// Says what the step is at.
    pub(crate) fn at(&self, what: &str) {
        self.bar.set_message(what.to_owned());
        what.clone_into(&mut self.at.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Sets what stands behind the step once it is done.
    pub(crate) fn note(&self, what: impl Into<String>) {
        *self.note.lock().unwrap_or_else(PoisonError::into_inner) = what.into();
    }

    fn end(self, title: &str, took: Duration, ok: bool) {
        let _ = self.stop.send(());
        self.bar.finish_and_clear();
        let note = self
            .note
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mark = if ok { "✓" } else { "✗" };
        talk(format!("{mark} {title:<34} {:>7.1} s  {note}", took.as_secs_f64()).trim_end());
    }
}

/// Without a terminal: one line now and then, so that a log shows that work goes on.
fn say_now_and_then(title: &str, at: &Mutex<String>, stopped: &mpsc::Receiver<()>) {
    let started = Instant::now();
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(SAY_AFTER) {
        let at = at.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let short: String = at.chars().take(100).collect();
        talk(&format!(
            "  {title}: {} s … {short}",
            started.elapsed().as_secs()
        ));
    }
}
