//! What went wrong, as RFC 9457 wants it told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Response;
use crate::agent::Error;
use crate::{artifact, store};

/// The media type of problems.
const MEDIA_TYPE: &str = "application/problem+json";

/// A problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(in crate::agent) struct Problem {
    /// What kind of problem, for programs: `urn:krunner:problem:KIND`.
    #[serde(rename = "type")]
    pub(in crate::agent) kind: String,
    /// What kind of problem, for people.
    pub(in crate::agent) title: String,
    /// The status of the answer.
    pub(in crate::agent) status: u16,
    /// What exactly.
    pub(in crate::agent) detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::agent) hint: Option<String>,
}

impl Problem {
    /// A problem of a kind that clients can tell apart.
    pub(in crate::agent) fn new(
        status: u16,
        kind: &str,
        title: &str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: format!("urn:krunner:problem:{kind}"),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            hint: None,
        }
    }

    /// A request that does not say what it should.
    pub(in crate::agent) fn request(detail: impl Into<String>) -> Self {
        Self::new(400, "bad-request", "Bad request", detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, kind, title) = kind(&error);
        Self {
            hint: error.hint(),
            ..Self::new(status, kind, title, error.chain())
        }
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let body = serde_json::to_string(&problem).unwrap_or_default();
        Self::new(problem.status, MEDIA_TYPE, body)
    }
}

fn kind(error: &Error) -> (u16, &'static str, &'static str) {
    match error {
        Error::Reference(_) => (400, "bad-reference", "Not a reference"),
        Error::Local(_) => (403, "local-reference", "Not for everybody"),
        Error::Store(store::Error::LeaseId(_)) => (400, "bad-lease", "Not an ID of a lease"),
        Error::Store(store::Error::NoVolume { .. } | store::Error::Gone(_)) => {
            (404, "no-volume", "No such volume")
        }
        Error::Store(store::Error::Full { .. }) => (507, "no-room", "Too little room"),
        Error::Store(store::Error::Artifact(artifact::Error::NoPlatform { .. })) => {
            (404, "no-platform", "No such platform")
        }
        error if error.is_transient() => (503, "try-later", "Not now"),
        Error::Source { .. } | Error::Store(store::Error::Artifact(_)) => {
            (502, "bad-source", "The artifact cannot be had")
        }
        _ => (500, "fault", "Something went wrong here"),
    }
}
