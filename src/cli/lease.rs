//! `krunner lease` and `krunner release`: a volume stays for as long as somebody relies on it.

use std::time::Duration;

use clap::Args;

use super::output::Output;
use super::store::StoreArgs;
use super::volume::VolumeArgs;
use super::{ExitStatus, OutputFormat, Printer, source};

/// Keep a pulled volume from being collected, and print its folder
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner lease registry.example.com/krunner:15 --id \"$CONTAINER\"
  krunner lease registry.example.com/krunner:15 --id upgrade --for 3600")]
pub(super) struct Lease {
    #[command(flatten)]
    volume: VolumeArgs,
    /// What you call the lease, such as a container's ID; a lease of the same ID is replaced
    #[arg(long)]
    id: String,
    /// Seconds after which it ends by itself [default: never]
    #[arg(long = "for", value_name = "SECONDS")]
    duration: Option<u64>,
    #[command(flatten)]
    output: Output,
}

impl Lease {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let name = source::canonical(&self.volume.reference()?);
        let store = self.volume.store.open()?;
        let volume = store.volume_of(&name, self.volume.platform())?;
        let duration = self.duration.map(Duration::from_secs);
        let lease = store.lease(&self.id, &volume.ready.manifest, duration)?;
        match self.output.format {
            OutputFormat::Json => printer.json(&lease)?,
            OutputFormat::Text => printer.data(volume.path.display()),
        }
        Ok(ExitStatus::Done)
    }
}

/// End a lease
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner release \"$CONTAINER\"")]
pub(super) struct Release {
    /// What the lease is called
    id: String,
    #[command(flatten)]
    store: StoreArgs,
}

impl Release {
    /// Runs the verb. Ending what has ended is no failure.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let id = self.id.escape_debug();
        if self.store.open()?.release(&self.id)? {
            printer.info(format_args!("Released `{id}`"));
        } else {
            printer.info(format_args!("No lease `{id}`"));
        }
        Ok(ExitStatus::Done)
    }
}
