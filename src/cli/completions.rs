//! `krunner completions` and `krunner man`: what shells and `man` know about the command, from its own definition.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::Shell;

use super::{ExitStatus, Printer};

/// Print what a shell needs to complete the command line
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner completions bash > /etc/bash_completion.d/krunner
  krunner completions zsh > ~/.zfunc/_krunner")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer, mut command: Command) -> ExitStatus {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command, "krunner", &mut text);
        printer.data(String::from_utf8_lossy(&text));
        ExitStatus::Done
    }
}

/// Write a manual page for the command and for every verb into a folder
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner man /usr/local/share/man/man1")]
pub(super) struct Man {
    /// The folder
    dir: PathBuf,
}

impl Man {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer, command: Command) -> anyhow::Result<ExitStatus> {
        let fail = || format!("Cannot write to `{}`", self.dir.display());
        std::fs::create_dir_all(&self.dir).with_context(fail)?;
        // No date: the same version always makes the same pages.
        clap_mangen::generate_to(command, &self.dir).with_context(fail)?;
        printer.info(format_args!(
            "Wrote manual pages to `{}`",
            self.dir.display()
        ));
        Ok(ExitStatus::Done)
    }
}
