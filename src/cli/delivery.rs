//! The end of every verb that makes an artifact: images join what is there already, and the result is told.

use clap::Args;

use super::output::Output;
use super::target::Target;
use super::{ExitStatus, OutputFormat, Printer};
use crate::artifact::{self, Cache, Compression, Image, Mkfs, Published, There, Way};
use crate::reference::{DEFAULT_TAG, Reference};

/// What becomes of the platforms that are there already: the option of every verb that makes an index.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Joining {
    /// Leave out other platforms that are there already under the tag, instead of keeping those of the same version
    #[arg(long)]
    replace: bool,
}

impl Joining {
    /// What is there already under the destination's tag, if it is wanted.
    fn there(self, target: &Target, destination: &Reference) -> anyhow::Result<There> {
        let Some(source) = target.there().filter(|_| !self.replace) else {
            return Ok(There::default());
        };
        let tag = destination.tag().unwrap_or(DEFAULT_TAG);
        Ok(match source.tagged(tag)? {
            Some(document) => artifact::there(source, &document)?,
            None => There::default(),
        })
    }
}

/// Where images go to, and how.
pub(super) struct Delivery<'a> {
    pub(super) target: Target,
    pub(super) destination: &'a Reference,
    pub(super) joining: Joining,
    pub(super) compression: Compression,
    pub(super) erofs: Option<Mkfs>,
    pub(super) threads: u32,
    pub(super) output: Output,
}

impl Delivery<'_> {
    /// Makes an artifact of the images, beside what is there already, and says what it is.
    pub(super) fn send(
        self,
        images: Vec<Image<'_>>,
        cache: &Cache,
        printer: &Printer,
    ) -> anyhow::Result<ExitStatus> {
        let Self {
            target,
            destination,
            ..
        } = self;
        let there = self.joining.there(&target, destination)?;
        let sink = target.sink();
        let way = Way {
            cache,
            compression: self.compression,
            erofs: self.erofs.as_ref(),
            threads: self.threads,
            reporter: printer,
        };
        let published = artifact::publish_beside(images, there, sink, &way)?;
        target.finish()?;
        match self.output.format {
            OutputFormat::Json => printer.json(&published)?,
            OutputFormat::Text => {
                printer.data(published.index.digest);
                tell(printer, destination, &published);
            }
        }
        Ok(ExitStatus::Done)
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
