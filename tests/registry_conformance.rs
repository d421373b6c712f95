//! What the distribution specification (1.1) demands of clients that push, rule by rule, as far as other tests do not hold it already:
//! those of resuming, mounting and the fallback tag are in `registry_push.rs` and `artifact_verbs.rs`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod snapshot;

use std::io::{Cursor, Read};

use common::layout;
use common::registry::{Double, Lie};
use krunner::artifact::{BlobSink, Descriptor};
use snapshot::krunner_in;

/// Every request, as `METHOD PATH`.
fn requests(registry: &Double) -> Vec<String> {
    let inside = registry.inside.lock().unwrap();
    inside
        .seen
        .iter()
        .map(|(request, _)| request.clone())
        .collect()
}

fn published(registry: &Double) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    layout::small().write(&dir.path().join("in"));
    let reference = registry.reference();
    let said = krunner_in(dir.path(), &["publish", "oci:in", &reference]);
    assert!(said.starts_with("exit code: Some(0)"), "{said}");
    requests(registry)
}

/// "Pushing Manifests": a manifest's blobs are there before it, an index's manifests before the index, and it becomes visible
/// by its tag, last of all.
#[test]
fn documents_come_after_what_they_name_and_the_tag_last() {
    let registry = Double::start();
    let requests = published(&registry);
    let last_of = |start: &str| {
        requests
            .iter()
            .rposition(|it| it.starts_with(start))
            .unwrap()
    };
    let first_of = |start: &str| {
        requests
            .iter()
            .position(|it| it.starts_with(start))
            .unwrap()
    };
    let manifests = registry.inside.lock().unwrap().manifests.clone();
    let mut blobs = 0;
    for (at, request) in requests.iter().enumerate() {
        let Some(name) = request.strip_prefix("PUT /v2/krunner/manifests/sha256:") else {
            continue;
        };
        let (_, content) = &manifests[&format!("sha256:{name}")];
        let document: serde_json::Value = serde_json::from_slice(content).unwrap();
        let layers = document["layers"].as_array().unwrap();
        for blob in layers.iter().chain([&document["config"]]) {
            let closed = blob["digest"].as_str().unwrap().replace(':', "%3A");
            let sent = requests[..at].iter().any(|it| it.ends_with(&closed));
            assert!(
                sent,
                "{closed} is not there before `{request}`: {requests:#?}"
            );
            blobs += 1;
        }
    }
    assert!(blobs > 0, "{requests:#?}");
    let tag = first_of("PUT /v2/krunner/manifests/15");
    assert_eq!(tag + 1, requests.len(), "{requests:#?}");
    assert!(last_of("PUT /v2/krunner/manifests/sha256:") < tag);
}

/// "Pushing blobs": whether a blob exists is asked with HEAD, and what exists is not sent.
#[test]
fn what_exists_is_asked_for_and_not_sent() {
    let registry = Double::start();
    let first = published(&registry);
    let heads = |requests: &[String]| requests.iter().filter(|it| it.starts_with("HEAD ")).count();
    let posts = |requests: &[String]| requests.iter().filter(|it| it.starts_with("POST ")).count();
    assert_eq!(heads(&first), posts(&first));
    registry.lie(&[]);
    let again = published(&registry);
    assert_eq!(heads(&again), heads(&first));
    let writes = again
        .iter()
        .filter(|it| !it.starts_with("HEAD ") && !it.starts_with("GET "));
    assert_eq!(writes.count(), 0, "{again:#?}");
}

/// "POST then PUT": the digest is added to whatever query the location has, and a location may be absolute.
#[test]
fn a_location_is_followed_as_it_is_with_the_digest_added() {
    let registry = Double::start();
    for lies in [vec![], vec![Lie::UploadElsewhere(registry.address.clone())]] {
        registry.lie(&lies);
        let descriptor = push(&registry, format!("hello {}", lies.len()).as_bytes());
        let digest = descriptor.digest.to_string().replace(':', "%3A");
        let put = requests(&registry)
            .into_iter()
            .find(|it| it.starts_with("PUT "))
            .unwrap();
        assert!(put.ends_with(&format!("?state=x&digest={digest}")), "{put}");
    }
}

/// "Pushing a blob in chunks": `OCI-Chunk-Min-Length` is the least that a chunk has, but for the last one.
#[test]
fn no_chunk_is_smaller_than_the_registry_wants_them() {
    let registry = Double::start();
    for (least, patches) in [(1 << 20, 3), (12 << 20, 2)] {
        registry.lie(&[Lie::Least(least)]);
        push(&registry, &vec![u8::try_from(patches).unwrap(); 20 << 20]);
        assert_eq!(registry.count("PATCH"), patches, "{least}");
    }
}

fn push(registry: &Double, content: &[u8]) -> Descriptor {
    let descriptor = Descriptor::of("application/octet-stream", content);
    let open = || Ok(Box::new(Cursor::new(content)) as Box<dyn Read + Send>);
    BlobSink::blob(&registry.client(), &descriptor, &open).unwrap();
    descriptor
}
