//! `krunner pull`: an artifact becomes a volume in the node's store.

use clap::Args;

use super::output::Output;
use super::store::StoreArgs;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::platform::Platform;
use crate::reference::Reference;

/// Pull an artifact into the store, as a volume that is ready to be mounted
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner pull registry.example.com/krunner:15
  krunner pull oci:published:15 --platform linux/arm64 --store ./store")]
pub(super) struct Pull {
    /// The artifact: REGISTRY/NAME[:TAG][@DIGEST], oci:DIR[:TAG] or oci-archive:FILE[:TAG]
    reference: String,
    /// For which platform [default: this machine's]
    #[arg(long)]
    platform: Option<Platform>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: Output,
}

impl Pull {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let reference: Reference = self.reference.parse()?;
        let platform = self.platform.unwrap_or_else(source::host);
        let source = source::open(&reference)?;
        let name = source::canonical(&reference);
        let pulled = self
            .store
            .init()?
            .pull(&*source, &name, platform, printer)?;
        match self.output.format {
            OutputFormat::Json => printer.json(&pulled)?,
            OutputFormat::Text => {
                printer.data(pulled.path.display());
                if pulled.unchanged {
                    printer.info(format_args!("Up to date: `{reference}` for {platform}"));
                } else {
                    printer.info(format_args!(
                        "Pulled `{}` for {platform}: fetched {}",
                        reference,
                        indicatif::HumanBytes(pulled.fetched)
                    ));
                }
                printer.detail(format_args!(
                    "  index     {}\n  manifest  {}",
                    pulled.digest, pulled.manifest
                ));
            }
        }
        Ok(ExitStatus::Done)
    }
}
