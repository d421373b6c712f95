//! What goes into a registry arrives whole, once, and in order, whatever the line and the registry do on the way.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::{Cursor, Read};
use std::sync::atomic::Ordering;

use common::chain;
use common::cut::Cut;
use common::dice::bytes;
use common::registry::{Double, Lie};
use krunner::artifact::{BlobSink, BlobSource, Descriptor};
use krunner::registry::{Credentials, Endpoint, Registry, Settings};

/// A piece of a large blob.
const CHUNK: u64 = 8 << 20;
/// What is one piece.
const WHOLE: u64 = 16 << 20;
const KIND: &str = "application/octet-stream";

fn push(client: &Registry, content: &[u8]) -> Result<Descriptor, String> {
    let descriptor = Descriptor::of(KIND, content);
    let open = || Ok(Box::new(Cursor::new(content)) as Box<dyn Read + Send>);
    let sent = BlobSink::blob(client, &descriptor, &open);
    sent.map(|()| descriptor).map_err(|error| chain(&error))
}

fn read(client: &Registry, descriptor: &Descriptor, from: u64) -> Vec<u8> {
    let mut content = Vec::new();
    let mut reader = client.blob_from(descriptor, from).unwrap();
    reader.read_to_end(&mut content).unwrap();
    content
}

fn client(address: &str) -> Registry {
    let place = format!("{address}/krunner:15").parse().unwrap();
    Registry::new(place, Credentials::anonymous()).unwrap()
}

#[test]
fn small_blobs_go_in_one_piece_and_large_ones_in_several() {
    let registry = Double::start();
    let client = registry.client();
    for (length, patches, puts) in [
        (0, 0, 1),
        (1, 0, 1),
        (100_000, 0, 1),
        (16 << 20, 0, 1),
        ((20 << 20) + 1, 3, 1),
    ] {
        registry.lie(&[]);
        let content = bytes(length);
        let descriptor = push(&client, &content).unwrap();
        assert_eq!(registry.count("PATCH"), patches, "{length}");
        assert_eq!(registry.count("PUT"), puts, "{length}");
        assert!(client.has(&descriptor).unwrap());
        assert_eq!(read(&client, &descriptor, 0), content);
        let from = length as u64 / 2;
        assert_eq!(read(&client, &descriptor, from), content[length / 2..]);
    }
}

#[test]
fn a_piece_that_arrived_in_part_is_taken_up_there() {
    let registry = Double::start();
    registry.lie(&[Lie::HalfPiece]);
    let content = bytes(20 << 20);
    push(&registry.client(), &content).unwrap();
    let received = registry.inside.lock().unwrap().received;
    assert_eq!(received, content.len() as u64 + CHUNK / 2);
}

#[test]
fn a_registry_that_takes_no_pieces_gets_all_at_once() {
    let registry = Double::start();
    registry.lie(&[Lie::NoPieces]);
    push(&registry.client(), &bytes(20 << 20)).unwrap();
    assert_eq!(registry.count("PUT"), 1);
}

#[test]
fn nobody_is_asked_again_before_the_time_that_was_named() {
    let registry = Double::start();
    registry.lie(&[Lie::After(1)]);
    let began = std::time::Instant::now();
    push(&registry.client(), b"hello").unwrap();
    assert!(began.elapsed().as_secs() >= 1);
    registry.lie(&[Lie::After(3600)]);
    let error = push(&registry.client(), b"again").unwrap_err();
    assert!(error.contains("429"), "{error}");
    assert_eq!(registry.count(""), 1, "it was asked again");
}

#[test]
fn a_token_that_ran_out_is_renewed_on_the_way() {
    let registry = Double::start();
    registry.lie(&[Lie::TokenHolds(2), Lie::Token("me", "s3cret")]);
    let client = registry.client_with(Credentials::basic("me", "s3cret"));
    push(&client, &bytes(20 << 20)).unwrap();
    assert!(registry.count("GET /token") > 1);
}

#[test]
fn an_identity_token_is_changed_for_an_access_token_and_shown_to_nobody_else() {
    let registry = Double::start();
    registry.lie(&[Lie::Identity("r3fresh")]);
    push(
        &registry.client_with(Credentials::identity("r3fresh")),
        b"x",
    )
    .unwrap();
    let inside = registry.inside.lock().unwrap();
    for (request, shown) in &inside.seen {
        let shown = shown.as_deref().unwrap_or_default();
        assert!(!shown.contains("r3fresh") && !request.contains("r3fresh"));
    }
}

#[test]
fn tokens_are_asked_for_with_the_rights_that_are_needed() {
    let registry = Double::start();
    registry.lie(&[Lie::Token("me", "s3cret")]);
    let client = registry.client_with(Credentials::basic("me", "s3cret"));
    push(&client, b"x").unwrap();
    assert_eq!(registry.count("GET /token"), 1);
    let scope = "GET /token?service=test&scope=repository%3Akrunner%3Apull%2Cpush";
    assert_eq!(registry.count(scope), 1);
}

#[test]
fn an_upload_that_goes_elsewhere_shows_nothing_there() {
    let (registry, elsewhere) = (Double::start(), Double::start());
    let other = elsewhere.address.clone();
    registry.lie(&[Lie::Token("me", "s3cret"), Lie::UploadElsewhere(other)]);
    let client = registry.client_with(Credentials::basic("me", "s3cret"));
    push(&client, b"hello").unwrap();
    let inside = elsewhere.inside.lock().unwrap();
    assert!(!inside.seen.is_empty());
    assert!(inside.seen.iter().all(|(_, shown)| shown.is_none()));
}

#[test]
fn a_receipt_for_something_else_is_refused() {
    let registry = Double::start();
    registry.lie(&[Lie::WrongReceipt]);
    let content = br#"{"schemaVersion":2}"#;
    let descriptor = Descriptor::of("application/vnd.oci.image.index.v1+json", content);
    let error = BlobSink::manifest(&registry.client(), &descriptor, content).unwrap_err();
    assert!(chain(&error).contains(&descriptor.digest.to_string()));
}

#[test]
fn what_cannot_be_read_is_not_sent_and_no_fault_of_the_network() {
    let registry = Double::start();
    let content = bytes(10 << 20);
    let descriptor = Descriptor::of(KIND, &content);
    let open = || {
        let broken = Cursor::new(&content[..9 << 20]).chain(Broken);
        Ok(Box::new(broken) as Box<dyn Read + Send>)
    };
    let error = BlobSink::blob(&registry.client(), &descriptor, &open).unwrap_err();
    assert!(!error.transient && chain(&error).contains("the disk broke"));
    assert_eq!(registry.count("DELETE"), 1, "the upload is left open");
    assert!(!registry.client().has(&descriptor).unwrap());
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("the disk broke"))
    }
}

/// What is there in part is not there, and cannot be sent again to whoever thinks it is.
#[test]
fn a_blob_of_another_length_is_not_taken_for_the_blob() {
    let registry = Double::start();
    let client = registry.client();
    let descriptor = push(&client, b"hello").unwrap();
    let digest = descriptor.digest.to_string();
    let mut inside = registry.inside.lock().unwrap();
    inside.blobs.insert(digest, b"hell".to_vec());
    drop(inside);
    let error = registry.client().has(&descriptor).unwrap_err();
    assert!(!error.transient);
    let said = chain(&error);
    assert!(said.contains("it has 4 bytes of 5 as `sha256:"), "{said}");
}

#[test]
fn endless_redirects_end() {
    let registry = Double::start();
    let descriptor = push(&registry.client(), b"hello").unwrap();
    registry.lie(&[Lie::Loop]);
    let client = registry.client();
    let error = BlobSource::blob(&client, &descriptor).err().unwrap();
    assert!(!error.transient);
    assert!(chain(&error).contains("redirect"), "{}", chain(&error));
    assert!(registry.count("GET") < 10);
}

#[test]
fn mirrors_are_asked_for_what_a_digest_names_and_told_for_whom() {
    let (origin, mirror) = (Double::start(), Double::start());
    let content = bytes(1000);
    let descriptor = push(&origin.client(), &content).unwrap();
    push(&mirror.client(), &content).unwrap();
    origin.lie(&[]);
    mirror.lie(&[]);
    let mut settings = Settings::new(Endpoint::new(
        &origin.address,
        Credentials::basic("me", "s3cret"),
    ));
    settings.mirrors = vec![Endpoint::new(&mirror.address, Credentials::anonymous())];
    let place = || origin.reference().parse().unwrap();
    let client = Registry::with(place(), settings.clone()).unwrap();
    assert_eq!(read(&client, &descriptor, 0), content);
    let told = format!("ns={}", origin.address.replace(':', "%3A"));
    for (request, shown) in &mirror.inside.lock().unwrap().seen {
        assert!(request.ends_with(&told) && shown.is_none(), "{request}");
    }
    assert_eq!(origin.count(""), 0, "the registry was asked too");
    // A tag is the registry's own affair, and what a mirror does not have too.
    client.tagged("15").unwrap();
    assert_eq!(origin.count("GET /v2/krunner/manifests/15"), 1);
    mirror.inside.lock().unwrap().blobs.clear();
    assert_eq!(read(&client, &descriptor, 0), content);
}

#[test]
fn what_is_in_another_repository_of_the_registry_is_mounted() {
    let registry = Double::start();
    let content = bytes(20 << 20);
    push(&registry.client(), &content).unwrap();
    registry.inside.lock().unwrap().received = 0;
    let endpoint = Endpoint::new(&registry.address, Credentials::anonymous());
    let mut settings = Settings::new(endpoint);
    settings.mount_from = Some("krunner".to_owned());
    let place = format!("{}/team/mirror:15", registry.address)
        .parse()
        .unwrap();
    let client = Registry::with(place, settings).unwrap();
    let descriptor = Descriptor::of(KIND, &content);
    assert!(!client.has(&descriptor).unwrap());
    push(&client, &content).unwrap();
    assert!(client.has(&descriptor).unwrap());
    assert_eq!(registry.inside.lock().unwrap().received, 0);
    // What is nowhere yet is sent.
    push(&client, b"new").unwrap();
    assert_eq!(registry.inside.lock().unwrap().received, 3);
}

/// Wherever the line breaks, both ways.
#[test]
fn a_line_that_breaks_at_any_byte_holds_nothing_up_and_costs_one_piece_at_most() {
    let registry = Double::start();
    let breaks = [
        (20 << 20, 500),
        (20 << 20, (8 << 20) + 5000),
        (20 << 20, 19 << 20),
        (12 << 20, 11 << 20),
    ];
    for (more, (length, up)) in breaks.into_iter().enumerate() {
        // Never the same blob twice, which would be there already.
        let length = length + more;
        let content = bytes(length);
        let line = Cut::start(&registry.address, up, u64::MAX);
        let descriptor =
            push(&client(&line.address), &content).unwrap_or_else(|error| panic!("{up}: {error}"));
        let sent = line.up.load(Ordering::SeqCst);
        let heads = 64 << 10;
        let twice = if length as u64 <= WHOLE { up } else { CHUNK };
        assert!(
            sent <= length as u64 + twice + heads,
            "{up}: {sent} bytes sent for {length}"
        );
        let back = Cut::start(&registry.address, u64::MAX, up);
        assert_eq!(read(&client(&back.address), &descriptor, 0), content);
        assert!(back.broken.load(Ordering::SeqCst));
    }
}

/// Between runs of the program too, at whatever piece it was killed.
#[test]
fn a_publish_that_was_killed_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let content = bytes(30 << 20);
    std::fs::create_dir(dir.path().join("tree")).unwrap();
    std::fs::write(dir.path().join("tree/file"), &content).unwrap();
    let registry = Double::start();
    let reference = format!("{}/killed:15", registry.address);
    let pack = || {
        let mut pack = std::process::Command::new(env!("CARGO_BIN_EXE_krunner"));
        pack.args(["pack", "tree", &reference, "--level", "1", "--replace"])
            .current_dir(dir.path())
            .env("KRUNNER_STORE", dir.path().join("store"));
        pack
    };
    for at in [1, 2] {
        registry.lie(&[Lie::Later(at * CHUNK)]);
        let mut child = pack().spawn().unwrap();
        // One piece has arrived and the next one is refused: what was sent is noted.
        while registry.count("PATCH /v2/killed") < 2 {
            assert!(child.try_wait().unwrap().is_none(), "it has ended");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    registry.lie(&[]);
    assert!(pack().status().unwrap().success());
    let received = registry.inside.lock().unwrap().received;
    let length = content.len() as u64;
    assert!(
        (length..=length + CHUNK).contains(&received),
        "{received} bytes sent for {length}"
    );
    // What was noted is forgotten.
    let notes = std::fs::read_dir(dir.path().join("store/cache/zstd")).unwrap();
    let is_upload = |name: String| name.starts_with("upload-");
    assert!(
        !notes
            .into_iter()
            .any(|note| is_upload(note.unwrap().file_name().into_string().unwrap()))
    );
}

/// What was sent to one repository once is mounted into the next, without a word of where from.
#[test]
fn what_an_earlier_run_has_sent_elsewhere_is_mounted() {
    let dir = tempfile::tempdir().unwrap();
    common::layout::small().write(&dir.path().join("in"));
    let registry = Double::start();
    let publish = |name: &str| {
        let mut publish = std::process::Command::new(env!("CARGO_BIN_EXE_krunner"));
        publish
            .args([
                "publish",
                "oci:in",
                &format!("{}/{name}:15", registry.address),
            ])
            .current_dir(dir.path())
            .env("KRUNNER_STORE", dir.path().join("store"));
        assert!(publish.status().unwrap().success());
        registry.inside.lock().unwrap().received
    };
    let first = publish("team/one");
    assert!(first > 0);
    assert_eq!(publish("team/two"), first, "something was sent again");
    // A registry that has forgotten everything gets everything.
    registry.inside.lock().unwrap().blobs.clear();
    assert_eq!(publish("team/three"), 2 * first);
}
