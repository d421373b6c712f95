//! What can go wrong with a registry, without addresses that carry secrets and without what was sent.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::artifact::{self, Failure};
use crate::date;
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

    /// How long the registry wants to be left alone, if it says so.
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
        let after = retry_after(headers);
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

/// How long to wait, by `Retry-After`: in seconds, or until a date by the registry's own clock, which is in the same answer. Ours
/// may be another one.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| Some(headers.get(name)?.to_str().ok()?.trim());
    let asked = text(RETRY_AFTER)?;
    let seconds = asked.parse().ok().or_else(|| {
        let now = date::parse_http(text(DATE)?)?;
        Some(date::parse_http(asked)?.saturating_sub(now))
    });
    seconds.map(Duration::from_secs)
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

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn a_pause_is_in_seconds_or_until_a_date_by_the_registrys_clock() {
        let cases = [
            (Some("120"), None, Some(120)),
            (
                Some("Sun, 06 Nov 1994 08:50:07 GMT"),
                Some("Sun, 06 Nov 1994 08:49:37 GMT"),
                Some(30),
            ),
            (
                Some("Sun, 06 Nov 1994 08:49:07 GMT"),
                Some("Sun, 06 Nov 1994 08:49:37 GMT"),
                Some(0),
            ),
            (Some("Sun, 06 Nov 1994 08:50:07 GMT"), None, None),
            (Some("soon"), None, None),
            (None, None, None),
        ];
        for (asked, now, after) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in [(RETRY_AFTER, asked), (DATE, now)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            let found = retry_after(&headers).map(|after| after.as_secs());
            assert_eq!(found, after, "{asked:?} {now:?}");
        }
    }
}
