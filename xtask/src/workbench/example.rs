//! The examples: one folder for each flavour of the volume.

use clap::ValueEnum;

/// An example below `examples/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Example {
    /// One volume for images of any kind
    Any,
    /// For images with glibc
    StaticGnu,
    /// For images with musl
    Musl,
}

impl Example {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Any, Self::StaticGnu, Self::Musl];

    /// The folder's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::StaticGnu => "static-gnu",
            Self::Musl => "musl",
        }
    }

    /// The tag that it is published under.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Any => "15",
            Self::StaticGnu => "15-gnu",
            Self::Musl => "15-musl",
        }
    }
}
