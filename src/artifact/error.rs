//! What can be wrong with an artifact.

use std::io;
use std::path::Path;

use super::transfer::Failure;
use crate::digest::Digest;

/// What can be wrong with an artifact, or with what one is made from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Too few bytes, or a descriptor that lies about their number.
    #[error("`{digest}` has {actual} bytes instead of {expected}")]
    Size {
        /// The content's digest as described.
        digest: Digest,
        /// The size as described.
        expected: u64,
        /// The size as it is.
        actual: u64,
    },
    /// More bytes than described; the rest was not read.
    #[error("`{digest}` has more than its {expected} bytes")]
    Longer {
        /// The content's digest as described.
        digest: Digest,
        /// The size as described.
        expected: u64,
    },
    /// Other bytes than described.
    #[error("`{expected}` has other bytes, whose digest is `{actual}`")]
    Digest {
        /// The digest as described.
        expected: Digest,
        /// The digest as it is.
        actual: Digest,
    },
    /// A layer whose tar is not the one that the config promises.
    #[error(
        "Layer `{layer}` unpacks to other bytes than its config says: `{actual}` instead of `{expected}`"
    )]
    DiffId {
        /// The layer's title or digest.
        layer: String,
        /// The digest in the config.
        expected: Digest,
        /// The digest as it is.
        actual: Digest,
    },
    /// Something that ought to be small is not.
    #[error("More than {limit} bytes in `{what}`")]
    TooLarge {
        /// What was read.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// A document that does not parse.
    #[error("Not an OCI {kind}")]
    Document {
        /// `index`, `manifest` or `config`.
        kind: &'static str,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A document with too many entries.
    #[error("Too many {0}: `{1}`")]
    TooMany(&'static str, usize),
    /// A document type where another one is needed.
    #[error("Neither an index nor a manifest: `{0}`")]
    MediaType(String),
    /// Indexes within indexes, deeper than anybody writes them.
    #[error("Indexes are nested too deeply")]
    Nested,
    /// A document that cannot be written.
    #[error("Cannot write a document")]
    Write(#[source] serde_json::Error),
    /// A platform that volumes are not built for.
    #[error("Unknown platform: `{0}`")]
    Platform(String),
    /// Nothing for the wanted platform.
    #[error("Nothing for `{wanted}` in `{reference}` (it has {offered})")]
    NoPlatform {
        /// The platform that was asked for.
        wanted: String,
        /// Where.
        reference: String,
        /// What there is.
        offered: String,
    },
    /// A layer that has to be fetched from somewhere else, and so is in no registry.
    #[error("`{0}` is a layer that nobody may pass on")]
    Foreign(Digest),
    /// Something in the list of what refers to an artifact that refers to something else.
    #[error("`{referrer}` is listed as referring to `{subject}`, and does not")]
    Subject {
        /// What is listed.
        referrer: Digest,
        /// What it is listed for.
        subject: Digest,
    },
    /// Two images for one platform.
    #[error("Two images for `{0}`")]
    TwicePlatform(String),
    /// No image at all.
    #[error("No image in `{0}`")]
    NoImage(String),
    /// An entry that is not there.
    #[error("No `{tag}` in `{place}` (it has {offered})")]
    NoTag {
        /// The tag that was asked for.
        tag: String,
        /// Where.
        place: String,
        /// What there is.
        offered: String,
    },
    /// Something without which the place is no layout or archive.
    #[error("No `{entry}` in `{place}`")]
    Missing {
        /// What is missing.
        entry: String,
        /// Where.
        place: String,
    },
    /// Another number of layers than of their digests.
    #[error("{layers} layers but {diff_ids} diff_ids for `{platform}`")]
    LayerCount {
        /// The platform.
        platform: String,
        /// The manifest's number.
        layers: usize,
        /// The config's number.
        diff_ids: usize,
    },
    /// A path in two layers.
    #[error("`{path}` is in two layers of `{platform}`: `{first}` and `{second}`")]
    TwicePath {
        /// The path.
        path: String,
        /// The platform.
        platform: String,
        /// The lower layer.
        first: String,
        /// The upper layer.
        second: String,
    },
    /// A path that removes another one.
    #[error("Layer `{layer}` of `{platform}` has the whiteout `{path}`")]
    Whiteout {
        /// The path.
        path: String,
        /// The platform.
        platform: String,
        /// The layer.
        layer: String,
    },
    /// A layer that is no tar archive, or not compressed in a known way.
    #[error("Cannot read layer `{layer}`")]
    Layer {
        /// The layer's title.
        layer: String,
        /// Why.
        source: io::Error,
    },
    /// No program to make EROFS images with.
    #[error("Cannot run `{program}`")]
    NoMkfs {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program that does not know archives yet.
    #[error("Too old to make EROFS images of archives: `{0}`")]
    OldMkfs(String),
    /// A program that did not do what was asked.
    #[error("`mkfs.erofs` failed: `{0}`")]
    Mkfs(String),
    /// A blob whose bytes did not all come.
    #[error("Cannot fetch `{digest}`")]
    Fetch {
        /// The blob.
        digest: Digest,
        /// Why.
        source: Failure,
    },
    /// A medium's failure.
    #[error(transparent)]
    Transfer(#[from] Failure),
    /// A file operation.
    #[error("Cannot {action} `{path}`")]
    Io {
        /// Such as `read`.
        action: &'static str,
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// A file operation that failed.
    pub(crate) fn io(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.as_ref().display().to_string(),
            source,
        }
    }

    /// What stopped a blob on its way: what a [`Verifier`](super::Verifier) found, or the line.
    pub(crate) fn fetch(digest: Digest, source: io::Error) -> Self {
        let source = match source.downcast::<Self>() {
            Ok(error) => return error,
            Err(source) => source,
        };
        let source = source
            .downcast::<Failure>()
            .unwrap_or_else(Failure::lasting);
        Self::Fetch { digest, source }
    }

    /// Whether the same may well succeed later.
    pub fn is_transient(&self) -> bool {
        self.failure().is_some_and(|failure| failure.transient)
    }

    /// The medium's failure, if that is what this is.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Transfer(failure)
            | Self::Fetch {
                source: failure, ..
            } => Some(failure),
            _ => None,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::TwicePath { .. } => {
                Some("Let one stage own the path: layers of a volume are unpacked in any order")
            }
            Self::Whiteout { .. } => Some(
                "Leave the path out where it comes from, with `drop`, instead of removing it later",
            ),
            Self::NoMkfs { .. } | Self::OldMkfs(_) => Some(
                "Install erofs-utils 1.7 or later (`mkfs.erofs` in the search path), or leave `--erofs` out",
            ),
            Self::NoTag { .. } => Some("Name the entry behind the path, as in `oci:DIR:TAG`"),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Transfer(failure) => failure,
            other => Self::lasting(other),
        }
    }
}
