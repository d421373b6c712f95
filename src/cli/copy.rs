//! `krunner copy`: an artifact from one place to another.

use clap::Args;

use super::output::Output;
use super::target::Target;
use super::trust::Trusting;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::artifact;
use crate::reference::Reference;
use crate::trust::Pinned;

/// Copy an artifact, byte for byte, with everything that refers to it
///
/// Signatures, SBOMs and provenance come along. Digests stay what they are. What is there already is not sent again, and
/// within a registry it is not sent at all.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner copy registry.example.com/krunner:15 mirror.internal:5000/krunner
  krunner copy registry.example.com/krunner:15 oci-archive:krunner-15.tar
  krunner copy oci-archive:krunner-15.tar 127.0.0.1:5000/krunner:15")]
pub(super) struct Copy {
    /// From: REGISTRY/NAME[:TAG][@DIGEST], oci:DIR[:TAG] or oci-archive:FILE[:TAG]
    from: String,
    /// To: the same, without a digest; without a tag it keeps its tag
    to: String,
    /// Leave behind what refers to the artifact
    #[arg(long)]
    no_referrers: bool,
    #[command(flatten)]
    trusting: Trusting,
    #[command(flatten)]
    output: Output,
}

impl Copy {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let from: Reference = self.from.parse()?;
        let to = self.to.parse::<Reference>()?.or_tag(from.tag());
        let source = source::open(&from)?;
        // What was verified is what is copied, wherever the tag leads meanwhile.
        let source = Pinned::new(&*source);
        for signer in self.trusting.check(&source, &from)? {
            printer.info(format_args!("Signed with `{signer}`"));
        }
        let mount_from = match &from {
            Reference::Registry(place) => Some(place),
            _ => None,
        };
        let target = Target::open(&to, mount_from)?;
        let copied = artifact::copy(&source, target.sink(), !self.no_referrers, printer)?;
        target.finish()?;
        match self.output.format {
            OutputFormat::Json => printer.json(&copied)?,
            OutputFormat::Text => {
                printer.data(copied.digest);
                printer.info(format_args!(
                    "Copied `{from}` to `{to}`: sent {} in {} of {} blobs, and {} documents, {} of them referring to it",
                    indicatif::HumanBytes(copied.sent_bytes),
                    copied.sent_blobs,
                    copied.blobs,
                    copied.documents,
                    copied.referrers,
                ));
            }
        }
        Ok(ExitStatus::Done)
    }
}
