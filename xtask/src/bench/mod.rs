//! Measurements, side by side in one run on one engine: absolute times drift, ratios hold.

mod build;
mod dockerfile;
mod ground;
mod handler;
mod ours;
mod serve;
mod start;
mod wheelhouse;

use anyhow::Result;
use clap::Subcommand;

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// The build of python and wheels for two platforms, against the Dockerfile way with QEMU
    Build,
    /// How soon Python is up in a container, against the published volume
    Start,
}

/// Measures.
pub(crate) fn run(what: &What) -> Result<()> {
    match what {
        What::Build => build::run(),
        What::Start => start::run(),
    }
}
