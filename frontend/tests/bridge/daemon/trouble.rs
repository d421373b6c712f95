//! Trouble: what goes wrong between the engine and the frontend, or in the engine.

use bollard_buildkit_proto::google::protobuf::Any;
use bollard_buildkit_proto::google::rpc;
use bollard_buildkit_proto::pb;
use prost::Message as _;
use serde_json::json;
use tonic::Status;

/// What goes wrong on the way.
#[derive(Clone, Debug, Default)]
pub(crate) enum Trouble {
    #[default]
    None,
    /// The engine dies in the middle of a call: both pipes are closed.
    Dies(&'static str),
    /// The build is cancelled in the middle of a call: the container is told to end, and its pipes stay.
    Cancels(&'static str),
    /// Trees are made, and not named.
    SolvesWithoutResult,
    /// The result is not taken.
    RefusesReturn(Status),
    /// A policy denies sources with this in their name.
    Denies(&'static str),
    /// Sources with this in their name are not what they should be, and their lines are lost.
    Fails(&'static str),
}

impl Trouble {
    /// The call in which it happens.
    pub(super) fn at(&self) -> Option<&'static str> {
        match self {
            Self::Dies(call) | Self::Cancels(call) => Some(call),
            _ => None,
        }
    }

    /// What comes of making a tree, if it is trouble. Words and details are those of BuildKit 0.25.
    pub(super) fn of(&self, definition: &pb::Definition) -> Option<Status> {
        let (Self::Denies(part) | Self::Fails(part)) = self else {
            return None;
        };
        let operations = definition.def.iter();
        let mut sources =
            operations.filter_map(|bytes| match pb::Op::decode(bytes.as_slice()).unwrap().op {
                Some(pb::op::Op::Source(source)) => Some(source),
                _ => None,
            });
        let source = sources.find(|source| source.identifier.contains(part))?;
        let (message, solve) = if let Self::Denies(_) = self {
            let message = format!(
                "failed to load LLB: error evaluating the source policy: source {:?} denied by policy: source denied by policy",
                source.identifier
            );
            (message, json!({}))
        } else {
            let message = format!("digest mismatch sha256:{}", "0".repeat(64));
            let source = json!({ "identifier": source.identifier, "attrs": source.attrs });
            (message, json!({ "op": { "source": source } }))
        };
        let status = rpc::Status {
            code: 13,
            message: message.clone(),
            details: vec![Any {
                type_url: "github.com/moby/buildkit/errdefs.Solve+json".to_owned(),
                value: solve.to_string().into_bytes(),
            }],
        };
        let details = status.encode_to_vec().into();
        Some(Status::with_details(
            tonic::Code::Internal,
            message,
            details,
        ))
    }
}
