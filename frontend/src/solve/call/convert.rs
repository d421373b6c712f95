//! `frontend.convertllb`: the operations of a build, as JSON.

use std::sync::Arc;

use krunner::digest::Digest;
use prost::Message as _;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::proto_json;
use super::sources::Sources;
use crate::llb::{self, Resources, SourceFile, pb};
use crate::lower;
use crate::solve::{Error, Prepared};

/// The graphs of all platforms as one: operations that they share are there once.
pub(super) fn answer(prepared: &Prepared) -> Result<Answer, Error> {
    let mut graph = Graph::default();
    for plan in prepared.plans()? {
        let lowered = lower::lower(&plan, prepared.request.target, &prepared.environment)
            .map_err(|error| prepared.about().lowering(&error))?;
        let resources = prepared.environment.sandbox.resources.as_ref();
        graph.add(llb::marshal(&lowered.output), resources);
    }
    Ok(Answer::data(json!({
        "def": graph.operations,
        "metadata": graph.metadata,
        "source": { "locations": graph.locations, "infos": graph.sources.infos() },
    })))
}

#[derive(Default)]
struct Graph {
    operations: Map<String, Value>,
    metadata: Map<String, Value>,
    locations: Map<String, Value>,
    sources: Sources,
}

impl Graph {
    fn add(&mut self, definition: pb::Definition, resources: Option<&Resources>) {
        for bytes in &definition.def {
            // We encoded all of them, or took over what decodes.
            let op = pb::Op::decode(bytes.as_slice()).unwrap_or_default();
            let digest = Digest::of(bytes).to_string();
            self.operations.insert(digest, proto_json::op(&op));
        }
        for (digest, metadata) in &definition.metadata {
            let resources = resources.filter(|_| llb::is_process(metadata));
            let metadata = proto_json::metadata(metadata, resources);
            self.metadata.insert(digest.clone(), metadata);
        }
        let source = definition.source.unwrap_or_default();
        let numbers: Vec<usize> = source
            .infos
            .into_iter()
            .map(|info| {
                self.sources.index(&Arc::new(SourceFile {
                    name: info.filename,
                    data: info.data,
                    definition: None,
                }))
            })
            .collect();
        for (digest, all) in source.locations {
            let locations = all.locations.iter().map(|location| {
                let number = usize::try_from(location.source_index).ok();
                let number = number.and_then(|index| numbers.get(index).copied());
                proto_json::location(location, number.unwrap_or_default())
            });
            let locations: Vec<_> = locations.collect();
            self.locations
                .insert(digest, json!({ "locations": locations }));
        }
    }
}
