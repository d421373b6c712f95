//! `krunner pull`: an artifact becomes a volume in the node's store.

use clap::{Args, ValueEnum};

use super::output::Output;
use super::trust::Trusting;
use super::volume::VolumeArgs;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::store::Mode;
use crate::trust::Pinned;

/// Pull an artifact into the store, as a volume that is ready to be mounted
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner pull registry.example.com/krunner:15
  krunner pull registry.example.com/krunner:15 --verify-key cosign.pub
  krunner pull registry.example.com/krunner:15 --mode dir
  krunner pull oci:published:15 --platform linux/arm64 --store ./store")]
pub(super) struct Pull {
    #[command(flatten)]
    volume: VolumeArgs,
    /// How the volume is kept
    #[arg(long, value_enum, default_value_t)]
    mode: Form,
    #[command(flatten)]
    trusting: Trusting,
    #[command(flatten)]
    output: Output,
}

/// The form of a volume.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Form {
    /// As an EROFS image where the artifact has one and this machine can mount it, else as a folder
    #[default]
    Auto,
    /// As a folder of files
    Dir,
    /// As an EROFS image, or not at all
    Erofs,
}

impl From<Form> for Mode {
    fn from(form: Form) -> Self {
        match form {
            Form::Auto => Self::Auto,
            Form::Dir => Self::Dir,
            Form::Erofs => Self::Erofs,
        }
    }
}

impl Pull {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let reference = self.volume.reference()?;
        let platform = self.volume.platform();
        let source = source::open(&reference)?;
        let name = source::canonical(&reference);
        // What was verified is what is pulled, wherever the tag leads meanwhile; and what is not wanted leaves nothing.
        let source = Pinned::new(&*source);
        for signer in self.trusting.check(&source, &reference)? {
            printer.info(format_args!("Signed with `{signer}`"));
        }
        let store = self.volume.store.init()?.with_mode(self.mode.into());
        let pulled = store.pull(&source, &name, platform, printer)?;
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
