//! How layers are compressed: the options of every verb that makes some.

use std::num::NonZero;
use std::path::Path;
use std::thread;

use anyhow::bail;
use clap::Args;

use crate::artifact::{Compression, ErofsCompression, Mkfs};

/// The program that makes EROFS images, wherever the search path has it.
const MKFS: &str = "mkfs.erofs";

/// The options, to be flattened into a verb's arguments.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Compress {
    /// How to compress layers: zstd, or gzip for engines before 23.0
    #[arg(long, value_enum, default_value = "zstd")]
    compression: Kind,
    /// How hard to compress [default: 9; releases take 19 for zstd]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=22))]
    level: Option<u8>,
    /// How many threads compress, which changes no byte of the result [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: Option<u32>,
    /// Add an EROFS twin of every platform, which nodes mount instead of unpacking layers; needs `mkfs.erofs`, 1.7 or later.
    /// lz4hc is for kernels before 6.10
    #[arg(long, value_enum, value_name = "COMPRESSION", num_args = 0..=1, require_equals = true, default_missing_value = "zstd")]
    erofs: Option<ErofsKind>,
}

/// What `--erofs` takes.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ErofsKind {
    Zstd,
    Lz4hc,
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

    /// How many threads compress.
    pub(super) fn threads(self) -> u32 {
        self.threads.unwrap_or_else(|| {
            let all = thread::available_parallelism().map_or(1, NonZero::get);
            u32::try_from(all).unwrap_or(1)
        })
    }

    /// What makes twins, if they are wanted.
    pub(super) fn mkfs(self) -> anyhow::Result<Option<Mkfs>> {
        let compression = match self.erofs {
            None => return Ok(None),
            Some(ErofsKind::Zstd) => ErofsCompression::Zstd,
            Some(ErofsKind::Lz4hc) => ErofsCompression::Lz4hc,
        };
        Ok(Some(Mkfs::find(Path::new(MKFS), compression)?))
    }
}
