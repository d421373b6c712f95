//! `krunner path`: where a pulled volume is, to be mounted.

use clap::Args;
use serde::Serialize;

use super::output::Output;
use super::volume::VolumeArgs;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::store::Ready;

/// Print the folder of a pulled volume, to be mounted read-only
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  docker run -v \"$(krunner path registry.example.com/krunner:15)\":/opt/backend.ai:ro IMAGE …")]
pub(super) struct Path {
    #[command(flatten)]
    volume: VolumeArgs,
    #[command(flatten)]
    output: Output,
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Found<'a> {
    path: &'a std::path::Path,
    #[serde(flatten)]
    ready: &'a Ready,
}

impl Path {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let name = source::canonical(&self.volume.reference()?);
        let store = self.volume.store.open()?;
        let volume = store.volume_of(&name, self.volume.platform())?;
        match self.output.format {
            OutputFormat::Json => printer.json(&Found {
                path: &volume.path,
                ready: &volume.ready,
            })?,
            OutputFormat::Text => printer.data(volume.path.display()),
        }
        Ok(ExitStatus::Done)
    }
}
