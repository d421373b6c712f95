//! The same request is the same graph and the same result: in every process, whatever order things came in.

use std::collections::BTreeMap;

use prost::Message as _;

use crate::daemon::Record;
use crate::{IMAGE, MIRROR, daemon, graph};

/// As often as the other frontends' tests of it run: an order that is random shows itself.
const ROUNDS: usize = 25;

/// Several of everything that comes as a map.
const OPTIONS: [(&str, &str); 14] = [
    IMAGE,
    MIRROR,
    ("platform", "linux/amd64,linux/arm64"),
    ("build-arg:FLAVOUR", "odd"),
    ("build-arg:NOSUCH", "1"),
    ("build-arg:https_proxy", "http://proxy.example"),
    ("label:a", "1"),
    ("label:b", "2"),
    ("label:org.example.c", "3"),
    ("context:python-amd64", "input:python-amd64"),
    (
        "context:python-arm64",
        "docker-image://example.org/python:3",
    ),
    ("context:other::linux/arm64", "local:other"),
    ("ulimit", "nofile=1024:2048,nproc=10:20"),
    ("attest:sbom", ""),
];

/// Everything that the engine got, with maps in order.
#[derive(Debug, PartialEq)]
struct Sent {
    definitions: Vec<Vec<u8>>,
    metadata: BTreeMap<String, Vec<u8>>,
    warnings: Vec<Vec<u8>>,
    attestations: Vec<String>,
}

fn sent(record: &Record) -> Sent {
    let result = record.result();
    let definitions = record.solved.iter().map(prost::Message::encode_to_vec);
    let warnings = record.warnings.iter().map(prost::Message::encode_to_vec);
    let attestations = BTreeMap::from_iter(result.attestations);
    let attestations = attestations.iter().map(|one| format!("{one:?}"));
    Sent {
        definitions: definitions.collect(),
        metadata: result.metadata.into_iter().collect(),
        warnings: warnings.collect(),
        attestations: attestations.collect(),
    }
}

#[test]
fn a_request_in_any_order_gives_the_same_bytes() {
    let python = daemon().build(&[IMAGE, MIRROR, ("target", "python")]);
    let build = |options: &[(&str, &str)]| {
        let mut daemon = daemon();
        // In the answer to `Inputs` they come in another order each time.
        for name in ["python-amd64", "unused", "other", "more"] {
            daemon
                .inputs
                .insert(name.to_owned(), python.solved[1].clone());
        }
        daemon.build(options)
    };
    let expected = sent(&build(&OPTIONS));
    assert_eq!(expected.definitions.len(), 3 + expected.attestations.len());
    // The same shuffles in every run, so that a failure comes again.
    let mut random: usize = 1;
    for round in 0..ROUNDS {
        let mut options = OPTIONS;
        for last in (1..options.len()).rev() {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            options.swap(last, (random >> 33) % (last + 1));
        }
        assert_eq!(
            sent(&build(&options)),
            expected,
            "round {round}: {options:?}"
        );
    }
}

#[test]
fn operations_are_known_by_the_digests_of_their_bytes() {
    let record = daemon().build(&[IMAGE, MIRROR]);
    for definition in &record.solved {
        let mut known = Vec::new();
        for (digest, op) in graph::operations(definition) {
            assert!(op.inputs.iter().all(|input| known.contains(&input.digest)));
            assert!(definition.metadata.contains_key(&digest));
            // Decoding and encoding again changes nothing: no field is there that others would drop.
            let bytes = &definition.def[known.len()];
            assert_eq!(&op.encode_to_vec(), bytes);
            known.push(digest);
        }
        let last = graph::operations(definition).pop().unwrap().1;
        assert!(last.op.is_none() && last.inputs.len() == 1);
    }
}
