//! `krunner publish`: what an engine built becomes an artifact.

use clap::Args;

use super::compress::Compress;
use super::delivery::{Delivery, Joining};
use super::output::Output;
use super::store::StoreArgs;
use super::target::Target;
use super::{ExitStatus, Printer, source};
use crate::artifact::{self, BlobSource, Cache, DockerArchive, Image};
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
    compress: Compress,
    #[command(flatten)]
    joining: Joining,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: Output,
}

/// An opened source, which its images borrow from.
enum Opened {
    Oci(Box<dyn BlobSource>, String),
    Docker(DockerArchive),
}

impl Publish {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let compression = self.compress.compression()?;
        let erofs = self.compress.mkfs()?;
        let destination: Reference = self.destination.parse()?;
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
        let scratch = self.store.init()?.layer_cache();
        let cache = Cache::open(&scratch)?;
        let target = Target::open_noting(&destination, None, Some(scratch))?;
        let delivery = Delivery {
            target,
            destination: &destination,
            joining: self.joining,
            compression,
            erofs,
            threads: self.compress.threads(),
            output: self.output,
        };
        delivery.send(images, &cache, printer)
    }
}

fn open(reference: &Reference) -> anyhow::Result<Opened> {
    Ok(match reference {
        Reference::DockerArchive { file } => Opened::Docker(DockerArchive::open(file)?),
        other => Opened::Oci(source::open(other)?, other.to_string()),
    })
}
