//! `krunner tag`: another name for an artifact, where it is.

use clap::Args;
use serde::Serialize;

use super::output::Output;
use super::target::Target;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::digest::Digest;
use crate::reference::{Reference, valid_tag};

/// Give an artifact further tags, in its place
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner tag registry.example.com/krunner:15.2.0 15 latest
  krunner tag registry.example.com/krunner@sha256:… stable")]
pub(super) struct Tag {
    /// The artifact: REGISTRY/NAME[:TAG][@DIGEST] or oci:DIR[:TAG]
    reference: String,
    /// The tags
    #[arg(required = true, value_name = "TAG")]
    tags: Vec<String>,
    #[command(flatten)]
    output: Output,
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Tagged<'a> {
    digest: Digest,
    tags: &'a [String],
}

impl Tag {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let reference: Reference = self.reference.parse()?;
        for tag in &self.tags {
            valid_tag(tag)?;
        }
        if let Reference::Archive { .. } = reference {
            anyhow::bail!("An archive is written once; copy it to `oci:DIR` to tag it there");
        }
        let root = source::open(&reference)?.root()?;
        let target = Target::open(&reference.clone().without_digest(), None)?;
        for tag in &self.tags {
            target.sink().tag_as(tag, &root.descriptor, &root.content)?;
        }
        let digest = root.descriptor.digest;
        match self.output.format {
            OutputFormat::Json => printer.json(&Tagged {
                digest,
                tags: &self.tags,
            })?,
            OutputFormat::Text => {
                printer.data(digest);
                printer.info(format_args!(
                    "Tagged `{reference}` as `{}`",
                    self.tags.join("`, `")
                ));
            }
        }
        Ok(ExitStatus::Done)
    }
}
