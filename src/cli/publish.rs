//! `krunner publish`: what an engine built becomes an artifact.

use anyhow::bail;
use clap::Args;

use super::output::Output;
use super::store::StoreArgs;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::artifact::{
    self, BlobSink, BlobSource, Cache, Compression, DockerArchive, Folder, Image, Published,
};
use crate::reference::{DEFAULT_TAG, Reference};

/// Publish what an engine built as one artifact for all its platforms
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
    /// Where to: REGISTRY/NAME[:TAG] or oci:DIR[:TAG]
    #[arg(required = true)]
    destination: String,
    /// How to compress layers: zstd, or gzip for engines before 23.0
    #[arg(long, value_enum, default_value = "zstd")]
    compression: Kind,
    /// How hard to compress [default: 9; releases take 19 for zstd]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=22))]
    level: Option<u8>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: Output,
}

/// What `--compression` takes.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    Zstd,
    Gzip,
}

/// An opened source, which its images borrow from.
enum Opened {
    Oci(Box<dyn BlobSource>, String),
    Docker(DockerArchive),
}

impl Publish {
    fn compression(&self) -> anyhow::Result<Compression> {
        Ok(match (self.compression, self.level) {
            (Kind::Zstd, None) => Compression::DEFAULT,
            (Kind::Zstd, Some(level)) => Compression::Zstd(level.into()),
            (Kind::Gzip, Some(level @ 10..)) => bail!("The levels of gzip end at 9: `{level}`"),
            (Kind::Gzip, level) => Compression::Gzip(level.unwrap_or(9).into()),
        })
    }

    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let compression = self.compression()?;
        let sink: Box<dyn BlobSink> = match &self.destination.parse()? {
            Reference::Registry(place) if place.digest.is_some() => {
                bail!("A digest is what publishing finds out; name a tag instead: `{place}`")
            }
            Reference::Registry(place) => Box::new(source::registry(place)?),
            Reference::Layout { dir, tag } => {
                Box::new(Folder::open(dir, tag.as_deref().unwrap_or(DEFAULT_TAG))?)
            }
            other => bail!("Can only publish to a registry or to `oci:DIR`, not to `{other}`"),
        };
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
        let cache = Cache::open(&self.store.init()?.layer_cache())?;
        let published = artifact::publish(images, &*sink, &cache, compression, printer)?;
        match self.output.format {
            OutputFormat::Json => printer.json(&published)?,
            OutputFormat::Text => {
                printer.data(published.index.digest);
                self.tell(printer, &published);
            }
        }
        Ok(ExitStatus::Done)
    }

    fn tell(&self, printer: &Printer, published: &Published) {
        printer.info(format_args!("Published `{}`", self.destination));
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
    }
}

fn open(reference: &Reference) -> anyhow::Result<Opened> {
    Ok(match reference {
        Reference::DockerArchive { file } => Opened::Docker(DockerArchive::open(file)?),
        other => Opened::Oci(source::open(other)?, other.to_string()),
    })
}
