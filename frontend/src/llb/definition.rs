//! Marshalling: from an output to the definition that the engine solves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use krunner::digest::Digest;
use prost::Message as _;

use super::pb;
use super::place::{Place, SourceFile};
use super::vertex::{Details, Meta, Output, Vertex};

/// Everything that leads to `output`: parents before children, each operation once, and last the
/// operation without a body that marks the result. Equal graphs give equal bytes.
pub fn marshal(output: &Output) -> pb::Definition {
    let mut walk = Walk::default();
    walk.visit(&output.vertex);
    walk.finish(output)
}

#[derive(Default)]
struct Walk {
    seen: BTreeSet<String>,
    definition: pb::Definition,
    files: Vec<Arc<SourceFile>>,
    locations: BTreeMap<String, pb::Locations>,
}

impl Walk {
    fn visit(&mut self, vertex: &Arc<Vertex>) {
        if !self.seen.insert(vertex.digest.clone()) {
            return;
        }
        for parent in &vertex.inputs {
            self.visit(parent);
        }
        self.definition.def.push(vertex.bytes.clone());
        let metadata = match &vertex.details {
            Details::Ours(meta) => self.metadata(vertex, meta),
            Details::Theirs(metadata) => metadata.as_ref().clone(),
        };
        self.definition
            .metadata
            .insert(vertex.digest.clone(), metadata);
    }

    fn metadata(&mut self, vertex: &Vertex, meta: &Meta) -> pb::OpMetadata {
        let mut caps = vertex.caps.clone();
        let mut description = BTreeMap::new();
        if !meta.name.is_empty() {
            description.insert("llb.customname".to_owned(), meta.name.clone());
            caps.insert("meta.description");
        }
        if meta.ignore_cache {
            caps.insert("meta.ignorecache");
        }
        let locations: Vec<_> = meta.places.iter().map(|at| self.location(at)).collect();
        if !locations.is_empty() {
            self.locations
                .insert(vertex.digest.clone(), pb::Locations { locations });
        }
        pb::OpMetadata {
            ignore_cache: meta.ignore_cache,
            description,
            export_cache: None,
            caps: caps.into_iter().map(|cap| (cap.to_owned(), true)).collect(),
            progress_group: meta.group.as_ref().map(|group| pb::ProgressGroup {
                id: group.id.clone(),
                name: group.name.clone(),
                weak: false,
            }),
        }
    }

    fn location(&mut self, place: &Place) -> pb::Location {
        let known = self.files.iter().position(|file| *file == place.file);
        let index = known.unwrap_or_else(|| {
            self.files.push(Arc::clone(&place.file));
            self.files.len() - 1
        });
        pb::Location {
            source_index: i32::try_from(index).unwrap_or(i32::MAX),
            ranges: vec![place.range()],
        }
    }

    fn finish(mut self, output: &Output) -> pb::Definition {
        let terminal = pb::Op {
            inputs: vec![pb::Input {
                digest: output.vertex.digest.clone(),
                index: output.index,
            }],
            ..pb::Op::default()
        }
        .encode_to_vec();
        let caps = ["constraints", "platform"].map(|cap| (cap.to_owned(), true));
        self.definition.metadata.insert(
            Digest::of(&terminal).to_string(),
            pb::OpMetadata {
                caps: BTreeMap::from(caps),
                ..pb::OpMetadata::default()
            },
        );
        self.definition.def.push(terminal);
        if !self.files.is_empty() {
            self.definition.source = Some(pb::Source {
                locations: self.locations,
                infos: self.files.iter().map(|file| file.info()).collect(),
            });
        }
        self.definition
    }
}
