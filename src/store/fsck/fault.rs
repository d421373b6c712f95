//! What can be wrong in a store, and what is or was done about it.

use std::path::PathBuf;

use serde::Serialize;

use crate::digest::Digest;
use crate::platform::Platform;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What.
    pub message: String,
    /// What to do, or what was done.
    pub remedy: Remedy,
}

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Place {
    /// A blob.
    Blob {
        /// Its digest.
        digest: Digest,
    },
    /// A volume, or a path in it.
    Volume {
        /// The volume's manifest.
        manifest: Digest,
        /// The path.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<PathBuf>,
    },
    /// What a name leads to.
    Name {
        /// The reference.
        reference: String,
        /// For which platform.
        platform: Platform,
    },
    /// A file of the store itself.
    File {
        /// The file.
        path: PathBuf,
    },
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Blob { digest } => write!(f, "blob {digest}"),
            Self::Volume {
                manifest,
                path: Some(path),
            } => write!(f, "volume {manifest}, `{}`", path.display()),
            Self::Volume { manifest, .. } => write!(f, "volume {manifest}"),
            Self::Name {
                reference,
                platform,
            } => write!(f, "name `{reference}` for {platform}"),
            Self::File { path } => write!(f, "file `{}`", path.display()),
        }
    }
}

/// What to do about a fault, or what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// A repair will mend it.
    Repair,
    /// It was taken away; what needs it fetches it again.
    Removed,
    /// It was made again.
    Rebuilt,
    /// Only a pull brings it back.
    Pull,
}
