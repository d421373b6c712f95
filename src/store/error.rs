//! What can be wrong with a store.

use std::io;
use std::path::{Path, PathBuf};

use crate::artifact;
use crate::digest::Digest;

/// What can be wrong with a store, or with what goes into it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing was ever put there.
    #[error("No store in `{0}`")]
    NotInitialized(PathBuf),
    /// Made by another krunner.
    #[error("Store `{root}` has format {found}, and this krunner knows {known}")]
    Version {
        /// The store.
        root: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// Made by a newer krunner.
    #[error("Store `{root}` needs a feature that this krunner does not know: `{feature}`")]
    Feature {
        /// The store.
        root: PathBuf,
        /// The feature.
        feature: String,
    },
    /// A file of the store that does not parse.
    #[error("Damaged: `{path}`")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A document that cannot be written.
    #[error("Cannot write a document")]
    Json(#[source] serde_json::Error),
    /// Nothing whole under this name.
    #[error("No volume for `{platform}` from `{reference}`")]
    NoVolume {
        /// What was asked for.
        reference: String,
        /// For what.
        platform: String,
    },
    /// Not what volumes are published as.
    #[error("Not a krunner volume: `{reference}` (its type is `{found}`)")]
    Type {
        /// What was asked for.
        reference: String,
        /// The type that it has.
        found: String,
    },
    /// What came in is not what was promised.
    #[error(transparent)]
    Artifact(#[from] artifact::Error),
    /// A layer that cannot be unpacked.
    #[error("Cannot unpack layer `{layer}`")]
    Layer {
        /// The layer's blob.
        layer: Digest,
        /// Why.
        source: io::Error,
    },
    /// The disk is too small.
    #[error("Too little room in `{root}`: {free} bytes are free, and at least {needed} are needed")]
    Full {
        /// The store.
        root: PathBuf,
        /// Free bytes.
        free: u64,
        /// Bytes that are needed.
        needed: u64,
    },
    /// A file operation.
    #[error("Cannot {action} `{path}`")]
    Io {
        /// Such as `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    pub(super) fn io(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.as_ref().to_owned(),
            source,
        }
    }
}
