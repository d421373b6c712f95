//! What the distribution specification (1.1) demands of clients that push, rule by rule, as far as other tests do not hold it already:
//! those of resuming, mounting and the fallback tag are in `registry_push.rs` and `artifact_verbs`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod snapshot;

use std::io::{Cursor, Read};

use common::layout;
use common::registry::{Double, Lie};
use krunner::artifact::{BlobSink, BlobSource as _, Descriptor};
use krunner::registry::{Credentials, Endpoint, Registry, Settings};
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

/// "Pushing a blob in chunks": a 416 means that the upload's state is to be asked for, and the upload goes on from there.
#[test]
fn an_upload_out_of_step_is_asked_for_and_goes_on() {
    let registry = Double::start();
    registry.lie(&[Lie::OutOfStep]);
    push(&registry, &vec![1; 20 << 20]);
    assert_eq!(registry.count("GET /v2/krunner/blobs/uploads/"), 1);
    assert_eq!(registry.count("POST"), 1, "it began anew");
    assert_eq!(registry.inside.lock().unwrap().received, 20 << 20);
}

/// "Cancel a blob upload": deleting is optional, so a 405 is no error of its own.
#[test]
fn what_cannot_be_cancelled_is_left() {
    let registry = Double::start();
    registry.lie(&[Lie::KeepsAll]);
    let descriptor = Descriptor::of("application/octet-stream", b"as described");
    let open = || Ok(Box::new(Broken) as Box<dyn Read + Send>);
    let error = BlobSink::blob(&registry.client(), &descriptor, &open).unwrap_err();
    assert!(error.to_string().contains("the disk broke"), "{error}");
    assert_eq!(registry.count("DELETE"), 1);
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("the disk broke"))
    }
}

/// "Mounting a blob from another repository": a registry that does not mount answers 202 and has opened an upload, which is used.
#[test]
fn a_mount_that_became_an_upload_is_filled() {
    let registry = Double::start();
    let endpoint = Endpoint::new(&registry.address, Credentials::anonymous());
    let mut settings = Settings::new(endpoint);
    settings.mount_from = Some("elsewhere".to_owned());
    let place = registry.reference().parse().unwrap();
    let client = Registry::with(place, settings).unwrap();
    send(&client, b"nowhere yet");
    assert_eq!(registry.count("POST"), 1);
    assert_eq!(registry.count("POST /v2/krunner/blobs/uploads/?mount="), 1);
    assert_eq!(registry.count("PUT"), 1);
}

/// "Listing referrers": pages are followed by `Link`, whose address may be relative, and none is left out.
#[test]
fn every_page_of_a_list_is_read() {
    let registry = Double::start();
    registry.inside.lock().unwrap().lists_referrers = true;
    registry.lie(&[Lie::Pages]);
    let client = registry.client();
    let manifest = "application/vnd.oci.image.manifest.v1+json";
    let subject = Descriptor::of(manifest, b"{}");
    for number in 0..3 {
        let content = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": manifest,
            "subject": { "mediaType": manifest, "digest": subject.digest, "size": 2 },
            "annotations": { "number": number.to_string() },
        });
        let content = content.to_string().into_bytes();
        let descriptor = Descriptor::of(manifest, &content);
        client.attach(&subject, &descriptor, &content).unwrap();
    }
    // What answers `OCI-Subject` keeps the list itself.
    let fallback = format!("PUT /v2/krunner/manifests/sha256-{}", subject.digest.hex());
    assert_eq!(registry.count(&fallback), 0);
    assert_eq!(client.referrers(&subject.digest).unwrap().len(), 3);
    assert_eq!(registry.count("GET /v2/krunner/referrers/"), 3);
}

/// And a page that does not come is no end of the list: what is missing may be the one signature that counts.
#[test]
fn a_list_is_whole_or_an_error() {
    let registry = Double::start();
    registry.inside.lock().unwrap().lists_referrers = true;
    let client = registry.client();
    let subject = Descriptor::of("application/vnd.oci.image.manifest.v1+json", b"{}");
    for (link, error) in [
        (
            "</v2/krunner/referrers/gone?page>; rel=\"next\"",
            "Not found",
        ),
        (
            "<http://registry.example/page>; rel=\"next\"",
            "another host",
        ),
        ("<?page>; rel=\"next\"", "does not end"),
    ] {
        registry.lie(&[Lie::Page(link.to_owned())]);
        let failed = client.referrers(&subject.digest).unwrap_err();
        let said = common::chain(&failed);
        assert!(said.contains(error), "{link}: {said}");
    }
    registry.lie(&[Lie::Page("</v2/x>; rel=\"first\"".to_owned())]);
    assert!(client.referrers(&subject.digest).unwrap().is_empty());
}

/// "Warnings": shown to the user, and once, however many answers have them.
#[test]
fn what_a_registry_warns_of_is_said_once() {
    let registry = Double::start();
    registry.lie(&[Lie::Warns("Low on \\\"space\\\"".to_owned())]);
    let dir = tempfile::tempdir().unwrap();
    layout::small().write(&dir.path().join("in"));
    let reference = registry.reference();
    let warning = format!("warning: `{}` says: Low on \"space\"\n", registry.address);
    let said = krunner_in(dir.path(), &["publish", "oci:in", &reference]);
    assert!(said.starts_with("exit code: Some(0)"), "{said}");
    assert_eq!(said.matches(&warning).count(), 1, "{said}");
    let said = krunner_in(dir.path(), &["pull", &reference, "--quiet"]);
    assert!(!said.contains("Low on"), "{said}");
    // What it says of somebody's password stays between the two.
    registry.lie(&[
        Lie::Warns("Is it s3cret?".to_owned()),
        Lie::Token("me", "s3cret"),
    ]);
    let warnings = std::sync::Arc::new(krunner::registry::Warnings::default());
    let mut settings = Settings::new(Endpoint::new(
        &registry.address,
        Credentials::basic("me", "s3cret"),
    ));
    settings.warnings = warnings.clone();
    let client = Registry::with(reference.parse().unwrap(), settings).unwrap();
    client.root().unwrap();
    assert!(warnings.take().is_empty());
}

/// "Digests": algorithms other than SHA-256 are optional; one that we do not know is named, and nothing is believed of it.
#[test]
fn a_digest_of_another_kind_is_named() {
    let registry = Double::start();
    let digest = format!("sha512:{}", "0".repeat(128));
    let manifest = "application/vnd.oci.image.manifest.v1+json";
    let index = "application/vnd.oci.image.index.v1+json";
    let content = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": index,
        "manifests": [{ "mediaType": manifest, "digest": digest, "size": 2 }],
    });
    let document = (index.to_owned(), content.to_string().into_bytes());
    registry
        .inside
        .lock()
        .unwrap()
        .manifests
        .insert("15".to_owned(), document);
    let dir = tempfile::tempdir().unwrap();
    let said = krunner_in(dir.path(), &["pull", &registry.reference()]);
    assert!(said.starts_with("exit code: Some(1)"), "{said}");
    assert!(said.contains("sha512:"), "{said}");
    assert_eq!(registry.count("GET /v2/krunner/manifests/sha512"), 0);
}

/// "Repository name unknown": who has no such repository has none of its blobs either, so a first push asks once.
#[test]
fn a_first_push_asks_for_no_blob_by_itself() {
    let registry = Double::start();
    registry.inside.lock().unwrap().lists_tags = true;
    let requests = published(&registry);
    let count = |start: &str| requests.iter().filter(|it| it.starts_with(start)).count();
    assert_eq!(count("HEAD "), 0, "{requests:#?}");
    assert_eq!(count("GET /v2/krunner/tags/list"), 1);
    assert!(count("POST ") > 0);
}

/// And one with nothing to do asks for the tag alone.
#[test]
fn a_push_of_what_is_there_is_one_request() {
    let registry = Double::start();
    let dir = tempfile::tempdir().unwrap();
    layout::small().write(&dir.path().join("in"));
    let reference = registry.reference();
    let publish = || {
        registry.lie(&[]);
        let said = krunner_in(dir.path(), &["publish", "oci:in", &reference]);
        assert!(said.starts_with("exit code: Some(0)"), "{said}");
        requests(&registry)
    };
    publish();
    assert_eq!(publish(), ["GET /v2/krunner/manifests/15"]);
}

fn push(registry: &Double, content: &[u8]) -> Descriptor {
    send(&registry.client(), content)
}

fn send(client: &Registry, content: &[u8]) -> Descriptor {
    let descriptor = Descriptor::of("application/octet-stream", content);
    let open = || Ok(Box::new(Cursor::new(content)) as Box<dyn Read + Send>);
    BlobSink::blob(client, &descriptor, &open).unwrap();
    descriptor
}
