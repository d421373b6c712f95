//! The request to solve, as far as we use it, with what its generated type does not have yet.

use std::collections::BTreeMap;

use prost::Message;

use super::proto;
use crate::llb::{self, Resources, pb};

/// `SolveRequest` of `frontend/gateway/pb/gateway.proto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Solve {
    #[prost(message, optional, tag = "1")]
    definition: Option<Definition>,
    #[prost(bool, tag = "5")]
    allow_result_return: bool,
    #[prost(bool, tag = "6")]
    allow_result_array_ref: bool,
    #[prost(bool, tag = "14")]
    evaluate: bool,
    #[prost(message, repeated, tag = "12")]
    cache_imports: Vec<proto::CacheOptionsEntry>,
}

/// `Definition` of `solver/pb/ops.proto`, its metadata encoded already.
#[derive(Clone, PartialEq, Message)]
struct Definition {
    #[prost(bytes = "vec", repeated, tag = "1")]
    def: Vec<Vec<u8>>,
    #[prost(btree_map = "string, bytes", tag = "2")]
    metadata: BTreeMap<String, Vec<u8>>,
    #[prost(message, optional, tag = "3")]
    source: Option<pb::Source>,
}

impl Solve {
    /// A request for a graph whose processes have limits.
    pub(super) fn new(
        definition: pb::Definition,
        resources: Option<&Resources>,
        cache_imports: Vec<proto::CacheOptionsEntry>,
    ) -> Self {
        let metadata = llb::metadata(&definition, resources);
        Self {
            definition: Some(Definition {
                def: definition.def,
                metadata,
                source: definition.source,
            }),
            allow_result_return: true,
            allow_result_array_ref: true,
            evaluate: false,
            cache_imports,
        }
    }

    /// The same, answered only once the tree is made.
    pub(super) fn evaluated(self) -> Self {
        Self {
            evaluate: true,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_of_the_generated_types_reads_the_same() {
        let definition = pb::Definition {
            def: vec![b"a".to_vec(), Vec::new()],
            metadata: [(
                "sha256:a".to_owned(),
                pb::OpMetadata {
                    description: [("llb.customname".to_owned(), "a".to_owned())].into(),
                    ..pb::OpMetadata::default()
                },
            )]
            .into(),
            source: Some(pb::Source {
                infos: vec![pb::SourceInfo {
                    filename: "krunner.toml".to_owned(),
                    ..pb::SourceInfo::default()
                }],
                ..pb::Source::default()
            }),
        };
        let imports = vec![proto::CacheOptionsEntry {
            r#type: "registry".to_owned(),
            ..proto::CacheOptionsEntry::default()
        }];
        let request = Solve::new(definition.clone(), None, imports.clone());
        let bytes = request.evaluated().encode_to_vec();
        let read = proto::SolveRequest::decode(bytes.as_slice()).unwrap();
        assert_eq!(
            read,
            proto::SolveRequest {
                definition: Some(definition),
                evaluate: true,
                allow_result_return: true,
                allow_result_array_ref: true,
                cache_imports: imports,
                ..proto::SolveRequest::default()
            }
        );
    }
}
