//! What can go wrong with a registry, without addresses that carry secrets and without what was sent.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::artifact::{self, Failure};
use crate::digest::Digest;

/// What can go wrong with a registry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No answer, or half of one.
    #[error("Cannot reach `{registry}`")]
    Unreachable {
        /// The registry.
        registry: String,
        /// Why, without the address.
        #[source]
        source: Network,
    },
    /// The registry's own trouble, or too many requests.
    #[error("Registry `{registry}` answers {status} for `{what}`")]
    Busy {
        /// The registry.
        registry: String,
        /// The status.
        status: StatusCode,
        /// What was asked for.
        what: String,
        /// How long it wants to be left alone.
        after: Option<Duration>,
    },
    /// Not there.
    #[error("Not found: `{0}`")]
    NotFound(String),
    /// Not for us.
    #[error("Registry `{registry}` refuses access to `{what}` ({status})")]
    Denied {
        /// The registry.
        registry: String,
        /// The status.
        status: StatusCode,
        /// What was asked for.
        what: String,
    },
    /// An answer that no request of ours allows.
    #[error("Registry `{registry}` answers {status} for `{what}`")]
    Status {
        /// The registry.
        registry: String,
        /// The status.
        status: StatusCode,
        /// What was asked for.
        what: String,
    },
    /// An answer outside the protocol.
    #[error("Registry `{registry}` breaks the protocol: {message}")]
    Protocol {
        /// The registry.
        registry: String,
        /// How.
        message: String,
    },
    /// A document that names itself something else than its header does.
    #[error("`{what}` is sent as `{header}` but calls itself `{body}`")]
    MediaType {
        /// What was asked for.
        what: String,
        /// The header's type.
        header: String,
        /// The document's type.
        body: String,
    },
    /// A document with another digest than the one that the registry names.
    #[error("Registry `{registry}` names `{claimed}` for a document whose digest is `{actual}`")]
    ClaimedDigest {
        /// The registry.
        registry: String,
        /// The header's digest.
        claimed: String,
        /// The document's digest.
        actual: Digest,
    },
    /// A document that is not what was asked for, or too large.
    #[error(transparent)]
    Content(#[from] artifact::Error),
    /// Credentials that cannot be had.
    #[error("Cannot get credentials for `{registry}`: {reason}")]
    Credentials {
        /// The registry.
        registry: String,
        /// Why, in our own words: helpers may print secrets.
        reason: &'static str,
    },
}

/// A network error without its address, which may be signed or carry a token.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Network(String);

impl From<reqwest::Error> for Network {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        Self(text)
    }
}

impl Error {
    /// Whether the same may well succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
    }

    /// How long the registry wants to be left alone, if it says so. (As a date, which some write, it is not read:
    /// clocks differ.)
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { after, .. } => *after,
            _ => None,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Denied { registry, .. } => Some(format!(
                "Run `docker login {registry}`, or look at `config.json` in `$DOCKER_CONFIG`"
            )),
            Self::Unreachable { source, .. } if source.0.contains("certificate") => Some(
                "Name the authority of its certificate in `registries.toml`, or in `/etc/docker/certs.d`"
                    .to_owned(),
            ),
            Self::Busy {
                after: Some(after), ..
            } => Some(format!("Try again in {} seconds", after.as_secs())),
            Self::Unreachable { .. } | Self::Busy { .. } => Some("Try again later".to_owned()),
            Self::NotFound(_) => {
                Some("Look at the spelling, and whether it was published".to_owned())
            }
            _ => None,
        }
    }

    /// What a status means for a request about `what`.
    pub(super) fn status(
        registry: &str,
        status: StatusCode,
        headers: &HeaderMap,
        what: &str,
    ) -> Self {
        let (registry, what) = (registry.to_owned(), what.to_owned());
        let after = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        match status {
            StatusCode::NOT_FOUND => Self::NotFound(what),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Denied {
                registry,
                status,
                what,
            },
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Self::Busy {
                registry,
                status,
                what,
                after,
            },
            status if status.is_server_error() => Self::Busy {
                registry,
                status,
                what,
                after,
            },
            status => Self::Status {
                registry,
                status,
                what,
            },
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if error.is_transient() {
            Self::transient(error)
        } else {
            Self::lasting(error)
        }
    }
}
