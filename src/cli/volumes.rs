//! `krunner volumes`: what the store has, and who wants it.

use std::fmt::Write as _;

use clap::Args;

use super::output::Output;
use super::store::StoreArgs;
use super::{ExitStatus, OutputFormat, Printer};
use crate::store::{Held, Reason};

/// List the volumes in the store, and why each of them is kept
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner volumes
  krunner volumes --output json | jq -r '.[] | select(.kept == []) | .manifest'")]
pub(super) struct Volumes {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: Output,
}

impl Volumes {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let volumes = self.store.open()?.volumes()?;
        match self.output.format {
            OutputFormat::Json => printer.json(&volumes)?,
            OutputFormat::Text => printer.data(draw(&volumes)),
        }
        Ok(ExitStatus::Done)
    }
}

fn draw(volumes: &[Held]) -> String {
    let mut text = String::new();
    for held in volumes {
        let size = indicatif::HumanBytes(held.ready.bytes);
        // Writing to a string does not fail.
        let form = if held.ready.image.is_some() {
            " as an image"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "{}  {}  {size}{form}",
            held.ready.manifest, held.ready.platform
        );
        if held.kept.is_empty() {
            text.push_str("  kept by nobody: `krunner gc` collects it\n");
        }
        for reason in &held.kept {
            let _ = writeln!(text, "  {}", said(reason));
        }
    }
    text
}

fn said(reason: &Reason) -> String {
    match reason {
        Reason::Name { reference } => format!("named `{reference}`"),
        Reason::Previous { reference } => format!("earlier version of `{reference}`"),
        Reason::Lease { id } => format!("leased by `{id}`"),
        Reason::Mounted => "mounted".to_owned(),
    }
}
