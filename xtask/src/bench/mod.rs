//! Benches.
use anyhow::Result;
#[derive(Debug, clap::Subcommand)]
pub(crate) enum What {
    /// Build
    Build,
}
pub(crate) fn run(_: &What) -> Result<()> {
    Ok(())
}
