//! Grafting: going on from a definition that somebody else made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use krunner::digest::Digest;
use prost::Message as _;

use super::pb;
use super::vertex::{Details, Output, Vertex};

/// A definition that cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub enum GraftError {
    /// An operation is no protobuf message.
    #[error("The definition holds an operation that cannot be decoded")]
    Decode(#[from] prost::DecodeError),
    /// Operations are not in order, or one is missing.
    #[error("The definition refers to an operation that does not come before it: `{0}`")]
    Order(String),
    /// There is no result, as in the definition of an empty tree.
    #[error("The definition has no result")]
    Empty,
}

/// The output of a definition. Its operations keep their bytes, so they keep their digests.
pub fn graft(definition: &pb::Definition) -> Result<Output, GraftError> {
    let mut vertices: BTreeMap<String, Arc<Vertex>> = BTreeMap::new();
    let find = |vertices: &BTreeMap<String, Arc<Vertex>>, digest: &str| {
        vertices
            .get(digest)
            .cloned()
            .ok_or_else(|| GraftError::Order(digest.to_owned()))
    };
    let (last, rest) = definition.def.split_last().ok_or(GraftError::Empty)?;
    for bytes in rest {
        let op = pb::Op::decode(bytes.as_slice())?;
        let digest = Digest::of(bytes).to_string();
        let inputs = op
            .inputs
            .iter()
            .map(|input| find(&vertices, &input.digest))
            .collect::<Result<_, _>>()?;
        let metadata = definition.metadata.get(&digest).cloned();
        let vertex = Vertex {
            inputs,
            bytes: bytes.clone(),
            digest: digest.clone(),
            caps: BTreeSet::new(),
            details: Details::Theirs(Box::new(metadata.unwrap_or_default())),
        };
        vertices.insert(digest, Arc::new(vertex));
    }
    let terminal = pb::Op::decode(last.as_slice())?;
    let input = terminal.inputs.first().ok_or(GraftError::Empty)?;
    Ok(Output {
        vertex: find(&vertices, &input.digest)?,
        index: input.index,
    })
}
