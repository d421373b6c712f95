//! How layers are compressed: the options of every verb that makes some.

use anyhow::bail;
use clap::Args;

use crate::artifact::Compression;

/// The options, to be flattened into a verb's arguments.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Compress {
    /// How to compress layers: zstd, or gzip for engines before 23.0
    #[arg(long, value_enum, default_value = "zstd")]
    compression: Kind,
    /// How hard to compress [default: 9; releases take 19 for zstd]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=22))]
    level: Option<u8>,
}

/// What `--compression` takes.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    Zstd,
    Gzip,
}

impl Compress {
    pub(super) fn compression(self) -> anyhow::Result<Compression> {
        Ok(match (self.compression, self.level) {
            (Kind::Zstd, None) => Compression::DEFAULT,
            (Kind::Zstd, Some(level)) => Compression::Zstd(level.into()),
            (Kind::Gzip, Some(level @ 10..)) => bail!("The levels of gzip end at 9: `{level}`"),
            (Kind::Gzip, level) => Compression::Gzip(level.unwrap_or(9).into()),
        })
    }
}
