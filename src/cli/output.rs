//! The `--output` option of every verb that reads.

use clap::{Args, ValueEnum};

/// How data is written to standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON document
    Json,
}

/// The option itself, to be flattened into a verb's arguments.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Output {
    /// How to write the result
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub(super) format: OutputFormat,
}
