//! Limits of processor and memory: in the metadata of processes, so that no cache knows of them.
//!
//! BuildKit has them since 0.31 (`LinuxResources` of `solver/pb/ops.proto`). The generated types that we use are of 0.29
//! and have no place for them, but a message is the sum of its fields: what is encoded can be added to.

use std::collections::BTreeMap;

use prost::Message;

use super::pb;

/// What one process may use; zero and nothing are no limit.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Resources {
    /// Bytes of memory.
    #[prost(int64, tag = "1")]
    pub memory: i64,
    /// Bytes of memory and swap; -1 for no limit.
    #[prost(int64, tag = "2")]
    pub memory_swap: i64,
    /// Weight of the processor time.
    #[prost(uint64, tag = "3")]
    pub cpu_shares: u64,
    /// Length of a period of the scheduler in microseconds.
    #[prost(uint64, tag = "4")]
    pub cpu_period: u64,
    /// Processor time in a period, in microseconds.
    #[prost(int64, tag = "5")]
    pub cpu_quota: i64,
    /// Processors, as in `0-3,7`.
    #[prost(string, tag = "6")]
    pub cpuset_cpus: String,
    /// Nodes of memory, as in `0,1`.
    #[prost(string, tag = "7")]
    pub cpuset_mems: String,
}

/// The field of `OpMetadata` that the generated type does not have.
#[derive(Clone, PartialEq, Eq, Message)]
struct Limits {
    #[prost(message, optional, tag = "7")]
    linux_resources: Option<Resources>,
}

/// The metadata of operations by their digests, encoded: that of processes with limits.
pub fn metadata(
    definition: &pb::Definition,
    resources: Option<&Resources>,
) -> BTreeMap<String, Vec<u8>> {
    let limits = Limits {
        linux_resources: resources.cloned(),
    };
    let all = definition.metadata.iter().map(|(digest, metadata)| {
        let mut bytes = metadata.encode_to_vec();
        if is_process(metadata) {
            bytes.extend(limits.encode_to_vec());
        }
        (digest.clone(), bytes)
    });
    all.collect()
}

/// Every process of ours needs this of the engine, and nothing else does.
pub fn is_process(metadata: &pb::OpMetadata) -> bool {
    metadata.caps.contains_key("exec.meta.base")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_limited_and_nothing_else_is() {
        let with = |cap: &str| pb::OpMetadata {
            ignore_cache: true,
            caps: [(cap.to_owned(), true)].into(),
            ..pb::OpMetadata::default()
        };
        let definition = pb::Definition {
            metadata: [
                ("exec".to_owned(), with("exec.meta.base")),
                ("file".to_owned(), with("file.base")),
            ]
            .into(),
            ..pb::Definition::default()
        };
        let resources = Resources {
            memory: 1 << 30,
            cpuset_cpus: "0-3".to_owned(),
            ..Resources::default()
        };
        let limited = metadata(&definition, Some(&resources));
        let plain = metadata(&definition, None);
        for (digest, bytes) in &limited {
            // Whoever does not know the field reads the rest as it was.
            let read = pb::OpMetadata::decode(bytes.as_slice()).unwrap();
            assert_eq!(read, definition.metadata[digest]);
            assert_eq!(read.encode_to_vec(), plain[digest]);
        }
        let limits = |digest: &str| Limits::decode(limited[digest].as_slice()).unwrap();
        assert_eq!(limits("exec").linux_resources, Some(resources));
        assert_eq!(limits("file").linux_resources, None);
    }
}
