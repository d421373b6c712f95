//! `krunner publish`: what an engine built becomes an artifact.

use clap::Args;

use super::delivery::Deliver;
use super::{ExitStatus, Printer, source};
use crate::artifact::{self, BlobSource, DockerArchive, Image};
use crate::reference::Reference;

/// Publish what an engine built as one artifact for all its platforms
///
/// Platforms that are there already under the tag stay, if they are of the same version and flavour: each native builder
/// may publish its own.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner publish oci:out registry.example.com/krunner:15
  krunner publish oci-archive:out.tar oci:published:15 --level 19 --erofs
  krunner publish docker-archive:amd64.tar docker-archive:arm64.tar 127.0.0.1:5000/krunner:15")]
pub(super) struct Publish {
    /// What to publish: oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE; several are joined
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<String>,
    /// Where to: REGISTRY/NAME[:TAG], oci:DIR[:TAG] or oci-archive:FILE[:TAG]
    #[arg(required = true)]
    destination: String,
    #[command(flatten)]
    deliver: Deliver,
}

/// An opened source, which its images borrow from.
enum Opened {
    Oci(Box<dyn BlobSource>, String),
    Docker(DockerArchive),
}

impl Publish {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let delivery = self.deliver.to(&self.destination)?;
        let opened = self
            .sources
            .iter()
            .map(|text| open(&text.parse()?))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let mut images: Vec<Image<'_>> = Vec::new();
        for source in &opened {
            images.extend(match source {
                Opened::Oci(source, name) => artifact::images(&**source, name)?,
                Opened::Docker(archive) => archive.images()?,
            });
        }
        delivery.send(images, printer)
    }
}

fn open(reference: &Reference) -> anyhow::Result<Opened> {
    Ok(match reference {
        Reference::DockerArchive { file } => Opened::Docker(DockerArchive::open(file)?),
        other => Opened::Oci(source::open(other)?, other.to_string()),
    })
}
