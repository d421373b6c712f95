//! `krunner publish`: what an engine built becomes an artifact.

use clap::Args;

use super::compress::Compress;
use super::output::Output;
use super::store::StoreArgs;
use super::target::Target;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::artifact::{self, BlobSource, Cache, DockerArchive, Image, Kept, Published};
use crate::reference::{DEFAULT_TAG, Reference};

/// Publish what an engine built as one artifact for all its platforms
///
/// Platforms that are there already under the tag stay, if they are of the same version and flavour: each native builder
/// may publish its own.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner publish oci:out registry.example.com/krunner:15
  krunner publish oci-archive:out.tar oci:published:15 --level 19
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

/// What becomes of the platforms that are there already: the option of every verb that makes an index.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Joining {
    /// Leave out other platforms that are there already under the tag, instead of keeping those of the same version
    #[arg(long)]
    replace: bool,
}

impl Joining {
    /// The platforms that are there already under the destination's tag, if they are wanted.
    pub(super) fn there(
        self,
        target: &Target,
        destination: &Reference,
    ) -> anyhow::Result<Vec<Kept>> {
        let Some(source) = target.there().filter(|_| !self.replace) else {
            return Ok(Vec::new());
        };
        let tag = destination.tag().unwrap_or(DEFAULT_TAG);
        Ok(match source.tagged(tag)? {
            Some(there) => artifact::kept(source, &there)?,
            None => Vec::new(),
        })
    }
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
        let destination: Reference = self.destination.parse()?;
        let target = Target::open(&destination, None)?;
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
        let there = self.joining.there(&target, &destination)?;
        let cache = Cache::open(&self.store.init()?.layer_cache())?;
        let published =
            artifact::publish_beside(images, there, target.sink(), &cache, compression, printer)?;
        target.finish()?;
        match self.output.format {
            OutputFormat::Json => printer.json(&published)?,
            OutputFormat::Text => {
                printer.data(published.index.digest);
                tell(printer, &destination, &published);
            }
        }
        Ok(ExitStatus::Done)
    }
}

/// Says what was published.
pub(super) fn tell(printer: &Printer, destination: &Reference, published: &Published) {
    printer.info(format_args!("Published `{destination}`"));
    for platform in &published.platforms {
        let bytes: u64 = platform.layers.iter().map(|layer| layer.size).sum();
        printer.info(format_args!(
            "  {}  {}  {} in {} layers",
            platform.platform,
            platform.manifest.digest,
            indicatif::HumanBytes(bytes),
            platform.layers.len()
        ));
    }
    for kept in &published.kept {
        let platform = kept.platform.as_ref().map(ToString::to_string);
        printer.info(format_args!(
            "  {}  {}  as it was",
            platform.unwrap_or_default(),
            kept.digest
        ));
    }
}

fn open(reference: &Reference) -> anyhow::Result<Opened> {
    Ok(match reference {
        Reference::DockerArchive { file } => Opened::Docker(DockerArchive::open(file)?),
        other => Opened::Oci(source::open(other)?, other.to_string()),
    })
}
