//! Measurements, side by side in one run on one engine: absolute times drift, ratios hold.

mod build;
mod crowd;
mod dockerfile;
mod fleet;
mod frontend;
mod ground;
mod handler;
mod ours;
mod peer;
mod process;
mod program;
mod pull;
mod push;
mod samples;
mod serve;
mod start;
mod stopwatch;
mod wheelhouse;

use anyhow::Result;
use clap::Subcommand;

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// The build of python and wheels for two platforms, against the Dockerfile way with QEMU
    Build,
    /// What a thousand nodes do to a registry when the tag that they follow moves
    Fleet,
    /// The frontend's share of a cached build, against `docker/dockerfile`; its size and its memory
    Frontend,
    /// Publishing a volume to a registry, against `oras`, `crane` and `skopeo`, and compressing it, against `zstd`
    Push,
    /// How soon a volume is on a node, against other ways to bring it there
    Pull {
        /// Pulls of each kind; a median of few is a guess
        #[arg(long, value_name = "N", default_value_t = 7)]
        rounds: usize,
    },
    /// How soon Python is up in a container, against the published volume
    Start,
}

/// Measures.
pub(crate) fn run(what: &What) -> Result<()> {
    match what {
        What::Build => build::run(),
        What::Fleet => fleet::run(),
        What::Frontend => frontend::run(),
        What::Push => push::run(),
        What::Pull { rounds } => pull::run((*rounds).max(1)),
        What::Start => start::run(),
    }
}
