//! `krunner rollback`: a reference leads to an earlier version again.

use clap::Args;

use super::output::Output;
use super::store::StoreArgs;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::digest::Digest;

/// Let a reference lead to an earlier version again, without any network
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner rollback registry.example.com/krunner:15
  krunner rollback registry.example.com/krunner:15 --to sha256:…

What `krunner gc --keep-last` took away cannot be gone back to. The version that is left is refused:
no later rollback takes it unasked, and a pull takes it only by will.")]
pub(super) struct Rollback {
    /// The reference, as it was pulled
    reference: String,
    /// The digest of the earlier index [default: the newest one that is whole]
    #[arg(long, value_name = "DIGEST")]
    to: Option<Digest>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: Output,
}

impl Rollback {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let reference = self.reference.parse()?;
        let store = self.store.open()?;
        let name = store.rollback(&source::canonical(&reference), self.to.as_ref())?;
        match self.output.format {
            OutputFormat::Json => printer.json(&name)?,
            OutputFormat::Text => {
                printer.data(name.current.digest);
                printer.info(format_args!(
                    "`{reference}` leads to `{}` again",
                    name.current.digest
                ));
            }
        }
        Ok(ExitStatus::Done)
    }
}
