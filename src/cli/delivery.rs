//! The end of every verb that makes an artifact: images join what is there already, and the result is told.

use std::path::{Path, PathBuf};

use clap::Args;

use super::compress::Compress;
use super::output::Output;
use super::store::StoreArgs;
use super::target::Target;
use super::{ExitStatus, OutputFormat, Printer};
use crate::artifact::{self, Cache, Compression, Image, Mkfs, Published, There, Way};
use crate::reference::{DEFAULT_TAG, Reference};

/// The options of every verb that makes an artifact.
#[derive(Debug, Args)]
pub(super) struct Deliver {
    #[command(flatten)]
    compress: Compress,
    /// Leave out other platforms that are there already under the tag, instead of keeping those of the same version
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: Output,
}

impl Deliver {
    /// Understands what was asked for. Nothing is written yet at the destination.
    pub(super) fn to(&self, destination: &str) -> anyhow::Result<Delivery> {
        Ok(Delivery {
            compression: self.compress.compression()?,
            erofs: self.compress.mkfs()?,
            threads: self.compress.threads(),
            destination: destination.parse()?,
            scratch: self.store.init()?.layer_cache(),
            replace: self.replace,
            output: self.output,
        })
    }
}

/// Where images go to, and how.
pub(super) struct Delivery {
    destination: Reference,
    compression: Compression,
    erofs: Option<Mkfs>,
    threads: u32,
    scratch: PathBuf,
    replace: bool,
    output: Output,
}

impl Delivery {
    /// Where layers are kept, and may be made.
    pub(super) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Makes an artifact of the images, beside what is there already, and says what it is.
    pub(super) fn send(
        self,
        images: Vec<Image<'_>>,
        printer: &Printer,
    ) -> anyhow::Result<ExitStatus> {
        let cache = Cache::open(&self.scratch)?;
        let notes = Some(self.scratch.clone());
        let target = Target::open_noting(&self.destination, None, notes)?;
        let there = self.there(&target, &images)?;
        let way = Way {
            cache: &cache,
            compression: self.compression,
            erofs: self.erofs.as_ref(),
            threads: self.threads,
            reporter: printer,
        };
        let published = artifact::publish_beside(images, there, target.sink(), &way)?;
        target.finish()?;
        match self.output.format {
            OutputFormat::Json => printer.json(&published)?,
            OutputFormat::Text => {
                printer.data(published.index.digest);
                tell(printer, &self.destination, &published);
            }
        }
        Ok(ExitStatus::Done)
    }

    /// What is there already under the destination's tag, if it is wanted.
    fn there(&self, target: &Target, images: &[Image<'_>]) -> anyhow::Result<There> {
        let Some(source) = target.there().filter(|_| !self.replace) else {
            return Ok(There::default());
        };
        let tag = self.destination.tag().unwrap_or(DEFAULT_TAG);
        let platforms: Vec<_> = images.iter().map(|image| image.platform).collect();
        Ok(match source.tagged(tag)? {
            Some(document) => artifact::there(source, &document, &platforms)?,
            None => There::default(),
        })
    }
}

/// Says what was published.
fn tell(printer: &Printer, destination: &Reference, published: &Published) {
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
        if let Some(twin) = &platform.erofs {
            printer.info(format_args!(
                "  {}+erofs  {}",
                platform.platform, twin.digest
            ));
        }
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
