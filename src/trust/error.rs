//! What can go wrong with keys, signatures and policies.

use crate::artifact;
use crate::digest::Digest;

/// What can go wrong with keys, signatures and policies.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that is no key of the kind that is needed.
    #[error("Not a {kind} key (ECDSA P-256 in PEM form): `{name}`")]
    Key {
        /// `public` or `private`.
        kind: &'static str,
        /// The file.
        name: String,
    },
    /// An encrypted key that does not open.
    #[error("The password does not open `{0}`")]
    Password(String),
    /// An encrypted key that nobody makes.
    #[error("Encrypted in a way that is not cosign's: `{0}`")]
    Encryption(String),
    /// Nothing that any of the keys has made.
    #[error("`{digest}` is not signed with {keys} ({found})", keys = if *.keys == 1 { "the key".to_owned() } else { format!("any of {} keys", .keys) })]
    Unsigned {
        /// The artifact.
        digest: Digest,
        /// How many keys there are.
        keys: usize,
        /// What there is instead.
        found: String,
    },
    /// A place from which nothing is taken.
    #[error("The policy takes nothing from `{0}`")]
    Forbidden(String),
    /// A policy that does not parse.
    #[error("Cannot understand the policy `{name}`")]
    Policy {
        /// The file.
        name: String,
        /// Why.
        source: toml::de::Error,
    },
    /// A rule of a policy that says nothing, or two things.
    #[error(
        "A rule of the policy says `trust = \"signed\"` with `keys`, or `all` or `none` without: `{0}`"
    )]
    Rule(String),
    /// A predicate that is no JSON.
    #[error("The predicate is no JSON document")]
    Predicate(#[source] serde_json::Error),
    /// A document that cannot be written.
    #[error("Cannot write a document")]
    Write(#[source] serde_json::Error),
    /// What cannot be read or written.
    #[error(transparent)]
    Artifact(#[from] artifact::Error),
    /// A place that fails.
    #[error(transparent)]
    Failure(#[from] artifact::Failure),
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Password(_) => Some("Set `COSIGN_PASSWORD`, as for cosign"),
            Self::Unsigned { .. } => Some(
                "Ask whoever published it to sign it, with `krunner sign` or `cosign sign --key`",
            ),
            Self::Key { kind: "public", .. } => {
                Some("Give the public half, such as the `cosign.pub` of `cosign generate-key-pair`")
            }
            Self::Key { .. } => Some(
                "Make one with `cosign generate-key-pair`, or `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`",
            ),
            _ => None,
        }
    }
}
