//! `krunner sign` and `krunner attest`: what a key has to say about an artifact.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::output::Output;
use super::target::Target;
use super::trust::{secret_key, text};
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::digest::Digest;
use crate::reference::{Reference, Repository};
use crate::trust;

/// Sign an artifact with a key, in cosign's format
///
/// Signed is the index, and so everything in it. `cosign verify --key` accepts it, and so does `krunner pull --verify-key`. The
/// same key signs the same artifact in the same way, so signing twice changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner sign registry.example.com/krunner:15 --key cosign.key
  krunner sign oci:published:15 --key release.pem --name registry.example.com/krunner")]
pub(super) struct Sign {
    /// The artifact: REGISTRY/NAME[:TAG][@DIGEST] or oci:DIR[:TAG]
    reference: String,
    /// The private key: ECDSA P-256 in PEM form, encrypted by cosign (`COSIGN_PASSWORD` opens it) or not
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The name for which it is signed [default: the reference's; needed for a layout]
    #[arg(long, value_name = "REGISTRY/NAME")]
    name: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// Say something about an artifact, signed, such as what is in it and how it was built
///
/// The statement becomes a referrer of the artifact, which `inspect` shows and `copy` takes along.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner attest registry.example.com/krunner:15 --key cosign.key --type spdxjson --predicate sbom.json
  krunner attest oci:published:15 --key cosign.key --type slsaprovenance1 --predicate provenance.json")]
pub(super) struct Attest {
    /// The artifact: REGISTRY/NAME[:TAG][@DIGEST] or oci:DIR[:TAG]
    reference: String,
    /// The private key: ECDSA P-256 in PEM form, encrypted by cosign (`COSIGN_PASSWORD` opens it) or not
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// What kind of statement: spdxjson, cyclonedx, slsaprovenance, slsaprovenance1, or a predicate type's URI
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,
    /// The statement, a JSON document
    #[arg(long, value_name = "FILE")]
    predicate: PathBuf,
    #[command(flatten)]
    output: Output,
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Said {
    /// What was signed.
    subject: Digest,
    /// The manifest with the signature.
    manifest: Digest,
}

impl Sign {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let reference: Reference = self.reference.parse()?;
        let name = match (&self.name, &reference) {
            (Some(name), _) => name_of(&name.parse()?),
            (None, Reference::Registry(place)) => name_of(place),
            _ => bail!("Say with `--name` for which name it is signed: a layout has none"),
        };
        writable(&reference)?;
        let key = secret_key(&self.key)?;
        let source = source::open(&reference)?;
        let root = source.root()?;
        let target = Target::open(&reference.clone().without_digest(), None)?;
        let manifest = trust::sign(&*source, target.sink(), &root, &name, &key)?;
        let said = Said {
            subject: root.descriptor.digest,
            manifest,
        };
        said.tell(printer, self.output, &format!("Signed `{reference}`"))
    }
}

impl Attest {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let reference: Reference = self.reference.parse()?;
        let kind = trust::predicate_type(&self.kind);
        if !kind.contains("://") {
            bail!("Neither a known type nor a URI: `{kind}`");
        }
        writable(&reference)?;
        let key = secret_key(&self.key)?;
        let predicate = text(&self.predicate)?;
        let root = source::open(&reference)?.root()?;
        let target = Target::open(&reference.clone().without_digest(), None)?;
        let manifest = trust::attest(target.sink(), &root, kind, &predicate, &key)?;
        let said = Said {
            subject: root.descriptor.digest,
            manifest,
        };
        said.tell(printer, self.output, &format!("Attested `{reference}`"))
    }
}

fn name_of(place: &Repository) -> String {
    format!("{}/{}", place.registry, place.name)
}

fn writable(reference: &Reference) -> anyhow::Result<()> {
    match reference {
        Reference::Archive { .. } => {
            bail!("An archive is written once; copy it to `oci:DIR` to sign it there")
        }
        _ => Ok(()),
    }
}

impl Said {
    fn tell(&self, printer: &Printer, output: Output, done: &str) -> anyhow::Result<ExitStatus> {
        match output.format {
            OutputFormat::Json => printer.json(self)?,
            OutputFormat::Text => {
                printer.data(self.manifest);
                printer.info(format_args!("{done}: `{}`", self.subject));
            }
        }
        Ok(ExitStatus::Done)
    }
}
