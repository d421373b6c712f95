//! Vertices: encoded operations, joined by their outputs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use krunner::digest::Digest;
use prost::Message as _;

use super::pb;
use super::place::Place;

/// What a person sees of an operation, and how it runs. None of it takes part in the digest.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    /// The line in the progress output.
    pub name: String,
    /// Folds several operations into one line.
    pub group: Option<Group>,
    /// Run even if the cache has the result.
    pub ignore_cache: bool,
    /// Which lines asked for the operation; errors point there.
    pub places: Vec<Place>,
}

impl Meta {
    /// Only a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// The same with the line that asked for the operation.
    #[must_use]
    pub fn at(mut self, place: Option<Place>) -> Self {
        self.places.extend(place);
        self
    }

    /// The same, run even if the cache has the result.
    #[must_use]
    pub fn without_cache(mut self, ignore: bool) -> Self {
        self.ignore_cache = ignore;
        self
    }

    /// The same as part of a group.
    #[must_use]
    pub fn in_group(mut self, group: Group) -> Self {
        self.group = Some(group);
        self
    }
}

/// Operations that are shown as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Unique in the build, and the same in every run.
    pub id: String,
    /// What is shown.
    pub name: String,
}

/// One encoded operation.
#[derive(Debug)]
pub(super) struct Vertex {
    pub(super) inputs: Vec<Arc<Vertex>>,
    pub(super) bytes: Vec<u8>,
    pub(super) digest: String,
    pub(super) caps: BTreeSet<&'static str>,
    pub(super) details: Details,
}

/// What goes beside the operation into the definition.
#[derive(Debug)]
pub(super) enum Details {
    Ours(Meta),
    /// From a definition that somebody else made: kept as it is.
    Theirs(Box<pb::OpMetadata>),
}

/// A file tree that an operation makes; cheap to clone.
#[derive(Clone, Debug)]
pub struct Output {
    pub(super) vertex: Arc<Vertex>,
    pub(super) index: i64,
}

impl Output {
    /// The digest of the operation, as the engine computes it.
    pub fn digest(&self) -> &str {
        &self.vertex.digest
    }
}

/// Collects the distinct inputs of one operation, in order of first use.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    list: Vec<pb::Input>,
    parents: Vec<Arc<Vertex>>,
    index: BTreeMap<(String, i64), i64>,
}

impl Inputs {
    /// The index by which the operation refers to `output`.
    pub(super) fn add(&mut self, output: &Output) -> i64 {
        let key = (output.vertex.digest.clone(), output.index);
        if let Some(index) = self.index.get(&key) {
            return *index;
        }
        let index = i64::try_from(self.list.len()).unwrap_or(i64::MAX);
        self.list.push(pb::Input {
            digest: key.0.clone(),
            index: output.index,
        });
        self.parents.push(Arc::clone(&output.vertex));
        self.index.insert(key, index);
        index
    }
}

/// Encodes an operation.
pub(super) fn vertex(
    op: pb::op::Op,
    inputs: Inputs,
    platform: Option<pb::Platform>,
    caps: impl IntoIterator<Item = &'static str>,
    meta: Meta,
) -> Arc<Vertex> {
    let mut caps: BTreeSet<_> = caps.into_iter().collect();
    caps.insert("constraints");
    if platform.is_some() {
        caps.insert("platform");
    }
    let bytes = pb::Op {
        inputs: inputs.list,
        platform,
        // Go's client sends it empty on every operation; equal bytes share the cache with other frontends.
        constraints: Some(pb::WorkerConstraints::default()),
        op: Some(op),
    }
    .encode_to_vec();
    Arc::new(Vertex {
        inputs: inputs.parents,
        digest: Digest::of(&bytes).to_string(),
        bytes,
        caps,
        details: Details::Ours(meta),
    })
}
