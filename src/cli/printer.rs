//! The only writer to standard output and standard error: data goes to the one, talk to the other.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use clap::builder::styling::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;

/// Writes data to standard output and talk to standard error, around the progress bars if there are any.
#[derive(Debug)]
pub struct Printer {
    quiet: bool,
    verbosity: u8,
    bars: MultiProgress,
}

/// Red and bold, yellow and bold, bold: dropped by anstream where colour is not wanted.
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

impl Printer {
    /// A printer that says nothing but errors when `quiet`, and more with a higher `verbosity`.
    pub fn new(quiet: bool, verbosity: u8) -> Self {
        let target = if quiet || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        Self {
            quiet,
            verbosity,
            bars: MultiProgress::with_draw_target(target),
        }
    }

    /// Writes data, with a line break after it if it has none.
    pub fn data(&self, text: impl fmt::Display) {
        let text = text.to_string();
        self.bars.suspend(|| {
            let mut out = anstream::stdout().lock();
            // A reader that went away (`| head`) is no error of ours.
            let _ = if text.ends_with('\n') || text.is_empty() {
                write!(out, "{text}")
            } else {
                writeln!(out, "{text}")
            };
            let _ = out.flush();
        });
    }

    /// Writes data as one indented JSON document.
    pub fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.data(serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// Says what happened.
    pub fn info(&self, text: impl fmt::Display) {
        if !self.quiet {
            self.talk(&text);
        }
    }

    /// Says more, for those who asked with `-v`.
    pub fn detail(&self, text: impl fmt::Display) {
        if self.verbosity > 0 {
            self.talk(&text);
        }
    }

    /// Says what the user should look at, although it went on.
    pub fn warning(&self, text: impl fmt::Display) {
        if !self.quiet {
            self.talk(&format_args!("{WARNING}warning{WARNING:#}: {text}"));
        }
    }

    /// Says what failed, with every cause and what to do about it.
    pub fn error(&self, error: &anyhow::Error, hint: Option<&str>) {
        let mut text = format!("{ERROR}error{ERROR:#}: {error}");
        for cause in error.chain().skip(1) {
            text.push_str("\n  caused by: ");
            text.push_str(&cause.to_string());
        }
        if let Some(hint) = hint {
            text = format!("{text}\n  {HINT}hint{HINT:#}: {hint}");
        }
        self.talk(&text);
    }

    /// Says what is wrong with the user's input, in text that has its own form.
    pub fn problems(&self, text: impl fmt::Display) {
        self.talk(&text);
    }

    /// Says what the user should look at, in text that has its own form.
    pub fn warnings(&self, text: impl fmt::Display) {
        if !self.quiet {
            self.talk(&text);
        }
    }

    /// The progress bars, to add one.
    pub(super) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    fn talk(&self, text: &dyn fmt::Display) {
        self.bars.suspend(|| {
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        });
    }
}
