//! `krunner gc`: takes away what nobody wants any more.

use std::time::Duration;

use clap::Args;
use indicatif::HumanBytes;

use super::output::Output;
use super::store::StoreArgs;
use super::{ExitStatus, OutputFormat, Printer};
use crate::store::Collect;

/// Take away volumes and blobs that no name, lease or mount keeps
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner gc --dry-run
  krunner gc --keep-last 2")]
pub(super) struct Gc {
    /// Versions of each name that stay, the current one among them
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    keep_last: u16,
    /// Take compressed layers of `krunner publish` away too
    #[arg(long)]
    cache: bool,
    /// Seconds to wait until nobody uses the store
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,
    /// Say only what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: Output,
}

impl Gc {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let collected = self.store.open()?.gc(Collect {
            keep_last: self.keep_last.into(),
            cache: self.cache,
            wait: Duration::from_secs(self.wait),
            dry_run: self.dry_run,
        })?;
        if self.output.format == OutputFormat::Json {
            printer.json(&collected)?;
            return Ok(ExitStatus::Done);
        }
        for (kind, digests) in [("volume", &collected.volumes), ("blob", &collected.blobs)] {
            for digest in digests {
                printer.data(format_args!("{kind}  {digest}"));
            }
        }
        for id in &collected.leases {
            printer.data(format_args!("lease  {}", id.escape_debug()));
        }
        printer.info(format_args!(
            "{} {} volumes, {} blobs, {} ended leases and {} leftovers: {}",
            if self.dry_run {
                "Would collect"
            } else {
                "Collected"
            },
            collected.volumes.len(),
            collected.blobs.len(),
            collected.leases.len(),
            collected.leftovers,
            HumanBytes(collected.bytes),
        ));
        Ok(ExitStatus::Done)
    }
}
