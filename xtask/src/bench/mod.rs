//! Measurements, side by side in one run on one engine: absolute times drift, ratios hold.

mod build;
mod crowd;
mod dockerfile;
mod frontend;
mod ground;
mod handler;
mod ours;
mod peer;
mod program;
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
    /// The frontend's share of a cached build, against `docker/dockerfile`; its size and its memory
    Frontend,
    /// Publishing a volume to a registry, against `oras`, `crane` and `skopeo`, and compressing it, against `zstd`
    Push,
    /// How soon Python is up in a container, against the published volume
    Start,
}

/// Measures.
pub(crate) fn run(what: &What) -> Result<()> {
    match what {
        What::Build => build::run(),
        What::Frontend => frontend::run(),
        What::Push => push::run(),
        What::Start => start::run(),
    }
}
