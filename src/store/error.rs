//! What can be wrong with a store.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// Nothing was ever pulled from there.
    #[error("Never pulled: `{0}`")]
    NoName(String),
    /// Nothing to go back to.
    #[error("No whole earlier version of `{reference}`{}", wanted.map(|digest| format!(" with the index `{digest}`")).unwrap_or_default())]
    NoEarlier {
        /// What was asked for.
        reference: String,
        /// The version that was asked for, if one was.
        wanted: Option<Digest>,
    },
    /// A volume that is not there, or not whole.
    #[error("No volume of the manifest `{0}`")]
    Gone(Digest),
    /// An ID that nobody could read again.
    #[error("Not an ID of a lease (1 to 255 bytes without control characters): `{0}`")]
    LeaseId(String),
    /// The tag was moved while it was being pulled.
    #[error("`{0}` was moved to another version while it was being pulled")]
    Moved(String),
    /// Somebody works in the store.
    #[error("Store `{root}` is in use, still after {} s", waited.as_secs())]
    Busy {
        /// The store.
        root: PathBuf,
        /// How long we waited.
        waited: Duration,
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
    /// An image was asked for, and there is none.
    #[error("No EROFS image of `{0}`")]
    NoImage(String),
    /// What calls itself the twin of a volume is not one image.
    #[error("Twin is no EROFS image")]
    Twin,
    /// An image that cannot be mounted.
    #[error("Cannot mount the EROFS image `{digest}`")]
    Mount {
        /// The image, or the twin that names it.
        digest: Digest,
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
    /// Whether it came from where content comes from, so that what came before it may be of use the next time.
    pub(super) fn is_of_source(&self) -> bool {
        match self {
            Self::Artifact(artifact::Error::Size {
                expected, actual, ..
            }) => actual < expected,
            Self::Artifact(error) => error.failure().is_some(),
            _ => false,
        }
    }

    pub(super) fn io(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.as_ref().to_owned(),
            source,
        }
    }
}
