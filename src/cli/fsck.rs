//! `krunner fsck`: is everything in the store what it says it is.

use clap::Args;

use super::output::Output;
use super::store::StoreArgs;
use super::{ExitStatus, OutputFormat, Printer};
use crate::store::Remedy;

/// Verify every blob, and every volume to its last byte
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 all is well or was mended, 1 something is damaged.

Examples:
  krunner fsck
  krunner fsck --repair")]
pub(super) struct Fsck {
    /// Take damaged things away, and make volumes again from layers that are whole
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: Output,
}

impl Fsck {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let checked = self.store.open()?.fsck(self.repair)?;
        if self.output.format == OutputFormat::Json {
            printer.json(&checked)?;
        } else {
            for fault in &checked.faults {
                printer.data(format_args!("{}: {}", fault.place, fault.message));
                printer.info(format_args!("  {}", said(fault.remedy)));
            }
            printer.info(format_args!(
                "Checked {} volumes, {} blobs, {} names and {} leases: {} faults",
                checked.volumes,
                checked.blobs,
                checked.names,
                checked.leases,
                checked.faults.len(),
            ));
        }
        let open = checked
            .faults
            .iter()
            .any(|fault| matches!(fault.remedy, Remedy::Repair | Remedy::Pull));
        Ok(if open {
            ExitStatus::InputFailed
        } else {
            ExitStatus::Done
        })
    }
}

fn said(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Repair => "`krunner fsck --repair` mends it",
        Remedy::Removed => "taken away",
        Remedy::Rebuilt => "made again from its layers",
        Remedy::Pull => "`krunner pull` of its reference brings it back",
    }
}
