//! Errors of the gateway, and the form in which a frontend returns errors to the engine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bollard_buildkit_proto::google::protobuf::Any;
use prost::Message as _;
use serde_json::json;

use super::rpc;
use super::stdio::MESSAGE_LIMIT;
use crate::llb::{Lack, Place, pb};

/// A call that did not work out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine said no.
    #[error("{}", .0.message())]
    Refused(Box<tonic::Status>),
    /// There is no connection to an engine.
    #[error(
        "Cannot speak with the engine over standard input and output\n  hint: this program is started by BuildKit; \
         name its image in the first line of a spec, `# syntax=IMAGE`"
    )]
    Connect(#[source] tonic::transport::Error),
    /// The connection ended in the middle of a call.
    #[error(
        "The engine is no longer there\n  hint: if none was, this program is started by BuildKit; name its image in the \
         first line of a spec, `# syntax=IMAGE`"
    )]
    Gone(#[source] Box<tonic::Status>),
    /// Standard input or output cannot be used.
    #[error("Cannot take over standard input and output")]
    Pipes(#[source] std::io::Error),
    /// The engine cannot do what a graph asks for.
    #[error("{}", lines(.0))]
    Lacks(Vec<Lack>),
    /// A file is longer than a message may be.
    #[error(
        "A file is longer than {limit} MiB, which is what the engine can send: `{0}`\n  hint: is it the one that is meant?",
        limit = MESSAGE_LIMIT >> 20
    )]
    TooLong(String),
    /// The engine told the process to end.
    #[error("The build was cancelled")]
    Cancelled,
    /// The engine left out what it must send.
    #[error("The engine answered `{0}` without a result")]
    NoResult(&'static str),
}

impl From<tonic::Status> for Error {
    fn from(status: tonic::Status) -> Self {
        // What the engine says has no cause here; what the connection does has one.
        match std::error::Error::source(&status) {
            Some(_) => Self::Gone(Box::new(status)),
            None => Self::Refused(Box::new(status)),
        }
    }
}

impl Error {
    /// Whether the engine says that there is no such file.
    ///
    /// Engines before 0.10 send no code for it, only the words of the operating system.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(status)
            if status.code() == tonic::Code::NotFound
                || status.message().contains("no such file or directory")
                || status.message().contains("file does not exist"))
    }

    /// Whether a message was longer than the limit, which either side may be the first to see.
    pub(super) fn is_too_long(&self) -> bool {
        use tonic::Code::{OutOfRange, ResourceExhausted};
        matches!(self, Self::Refused(status) if matches!(status.code(), OutOfRange | ResourceExhausted))
    }

    /// Whether the engine does not know the call.
    pub fn is_unimplemented(&self) -> bool {
        matches!(self, Self::Refused(status) if status.code() == tonic::Code::Unimplemented)
    }

    /// The error as it is returned: what the engine sent stays unchanged, with all its details, so
    /// that the client still finds the operation that failed and the lines that asked for it.
    pub fn to_status(&self) -> rpc::Status {
        if let Self::Refused(refused) = self {
            if let Ok(status) = rpc::Status::decode(refused.details())
                && status.code != 0
            {
                return status;
            }
            return rpc::Status {
                code: refused.code().into(),
                message: refused.message().to_owned(),
                details: Vec::new(),
            };
        }
        if let Self::Lacks(lacks) = self {
            let places = lacks.iter().filter_map(|lack| lack.place.as_ref());
            let details = places.map(source_detail).collect();
            return status(Code::Unimplemented, self.to_string(), details);
        }
        let code = match self {
            Self::TooLong(_) => Code::InvalidArgument,
            _ => Code::Internal,
        };
        status(code, self.to_string(), Vec::new())
    }
}

fn lines(lacks: &[Lack]) -> String {
    let lines: Vec<_> = lacks.iter().map(Lack::to_string).collect();
    lines.join("\n")
}

/// The classes of errors that we return, with gRPC's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// What the user gave us is wrong.
    InvalidArgument = 3,
    /// A file is missing.
    NotFound = 5,
    /// The engine cannot do it, or we cannot.
    Unimplemented = 12,
    /// Our own fault.
    Internal = 13,
}

/// An error to return.
pub fn status(code: Code, message: String, details: Vec<Any>) -> rpc::Status {
    rpc::Status {
        code: code as i32,
        message,
        details,
    }
}

/// The detail that makes clients quote the lines at `place`.
///
/// Typed errors of BuildKit are JSON, as Go writes its structures, inside of the protobuf message.
pub fn source_detail(place: &Place) -> Any {
    let range = place.range();
    let position = |position: Option<pb::Position>| {
        let position = position.unwrap_or_default();
        json!({ "line": position.line, "character": position.character })
    };
    let value = json!({
        "info": {
            "filename": place.file.name,
            "data": BASE64.encode(&place.file.data),
            "language": "TOML",
        },
        "ranges": [{ "start": position(range.start), "end": position(range.end) }],
    });
    detail("Source", &value)
}

/// Whether an error says which lines asked for what failed.
pub fn has_source(status: &rpc::Status) -> bool {
    let mut details = status.details.iter();
    details.any(|detail| detail.type_url.ends_with(".Source+json"))
}

/// The identifier of the source that failed, if an error says that it was one.
pub fn failed_source(status: &rpc::Status) -> Option<String> {
    let mut details = status.details.iter();
    let detail = details.find(|detail| detail.type_url.ends_with(".Solve+json"))?;
    let value: serde_json::Value = serde_json::from_slice(&detail.value).ok()?;
    let identifier = value.pointer("/op/source/identifier")?;
    identifier.as_str().map(str::to_owned)
}

/// The detail that tells clients that a subrequest is not known here.
pub fn subrequest_detail(name: &str) -> Any {
    detail("Subrequest", &json!({ "name": name }))
}

fn detail(kind: &str, value: &serde_json::Value) -> Any {
    Any {
        type_url: format!("github.com/moby/buildkit/errdefs.{kind}+json"),
        value: value.to_string().into_bytes(),
    }
}
