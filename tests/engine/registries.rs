//! The same suite on every registry that nobody here wrote.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::atomic::Ordering;

use krunner::artifact::{BlobSink, BlobSource, Descriptor};

use crate::common::cut::Cut;
use crate::common::dice::bytes;
use crate::common::{self, layout};
use crate::real::Real;
use crate::workbench::{Workbench, fail, said, succeed};

/// Runs a test on each of them, in a repository that none has yet: a registry may have been there for an earlier run.
fn on_each(name: &str, test: impl Fn(&Real, &Path, &str)) {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let run = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    for registry in Real::all(&workbench) {
        eprintln!("{name} on {}", registry.name);
        let folder = tempfile::tempdir().unwrap();
        layout::small().write(&folder.path().join("in"));
        succeed(&mut registry.krunner(folder.path(), "publish oci:in oci:out:15"));
        test(
            &registry,
            folder.path(),
            &format!("{}/{name}-{run}", registry.address),
        );
    }
}

#[test]
fn every_registry_takes_a_volume_once_and_gives_it_back() {
    on_each("round", |registry, folder, place| {
        let reference = format!("{place}:15");
        let run = |step: &str| succeed(&mut registry.krunner(folder, step));
        let root = run(&format!("publish oci:in {reference}"));
        assert_eq!(root, run("tag oci:out:15 same"), "{}", registry.name);
        // Nothing is sent that is there.
        let again = registry
            .krunner(folder, &format!("copy oci:out:15 {reference}"))
            .output();
        assert!(said(&again.unwrap()).contains("sent 0 B in 0 of"));
        run(&format!("tag {reference} stable"));
        run(&format!("diff {reference} {place}:stable"));
        let here = run("inspect oci:out:15 --output json");
        let there = run(&format!("inspect {place}:stable --output json"));
        let digests = |text: &str| -> Vec<String> {
            let words = text.split('"').filter(|word| word.starts_with("sha256:"));
            words.map(str::to_owned).collect()
        };
        assert_eq!(digests(&here), digests(&there));
        let pull = |from: &str, store: &str| {
            let volume = run(&format!(
                "pull {from} --platform linux/amd64 --store {store}"
            ));
            fs::read(Path::new(volume.trim()).join("bin/python3.13")).unwrap()
        };
        let pulled = pull(&format!("{place}:stable"), "one");
        assert_eq!(pulled, pull("oci:out:15", "two"));
        let by_digest = format!("{place}@{}", root.trim());
        assert_eq!(pulled, pull(&by_digest, "three"));
    });
}

#[test]
fn every_registry_says_what_it_does_not_have() {
    on_each("missing", |registry, folder, place| {
        let missing = fail(&mut registry.krunner(folder, &format!("inspect {place}:15")));
        assert!(
            missing.contains("Not found"),
            "{}: {missing}",
            registry.name
        );
        succeed(&mut registry.krunner(folder, &format!("publish oci:in {place}:15")));
        for wanted in [":16".to_owned(), format!("@sha256:{}", "0".repeat(64))] {
            let step = format!("inspect {place}{wanted}");
            let missing = fail(&mut registry.krunner(folder, &step));
            assert!(
                missing.contains("Not found"),
                "{}: {missing}",
                registry.name
            );
        }
        if registry.asks_who() {
            let step = format!("publish oci:in {place}:17");
            let denied = fail(&mut Real::stranger(folder, &step));
            assert!(denied.contains("refuses access"), "{denied}");
        }
    });
}

/// From a folder into the registry, from one repository of it to another, and back, with signature and SBOM.
#[test]
fn every_registry_carries_what_refers_to_a_volume() {
    on_each("referred", |registry, folder, place| {
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cosign");
        for key in ["other.key", "other.pub"] {
            fs::copy(keys.join(key), folder.join(key)).unwrap();
        }
        let sbom = r#"{"spdxVersion":"SPDX-2.3"}"#;
        fs::write(folder.join("sbom.json"), sbom).unwrap();
        let (there, mirror) = (format!("{place}:15"), format!("{place}-mirror:15"));
        let run = |step: &str| {
            let output = registry.krunner(folder, step).output().unwrap();
            assert!(
                output.status.success(),
                "{}: {step}\n{}",
                registry.name,
                said(&output)
            );
            said(&output)
        };
        run(&format!("copy oci:out:15 {there}"));
        run(&format!("sign {there} --key other.key"));
        run(&format!(
            "attest {there} --key other.key --type spdxjson --predicate sbom.json"
        ));
        let copied = run(&format!("copy {there} {mirror}"));
        // crane's mounts nothing.
        let mounted = copied.contains("sent 0 B in 0 of") || registry.name == "crane";
        assert!(mounted, "{}: {copied}", registry.name);
        assert!(copied.contains("2 of them referring to it"), "{copied}");
        run(&format!("copy {mirror} oci:back:15"));
        for place in ["oci:back:15", &mirror] {
            let shown = run(&format!("inspect {place}"));
            assert!(shown.contains("simplesigning"), "{shown}");
            assert!(shown.contains("sigstore.bundle"), "{shown}");
        }
        run(&format!(
            "pull {mirror} --platform linux/amd64 --verify-key other.pub"
        ));
    });
}

/// Both ways, within a piece of a large blob.
///
/// None of them takes up a piece that broke: docker-registry 2.8 says "resumed at wrong offset", crane's says nothing of an
/// upload, and Pulp 2.30 counts the bytes that were announced and finds out at the end. No client can make them, so the
/// blob begins anew; what a registry that keeps count is owed is held by `registry_push.rs`.
#[test]
fn every_registry_takes_and_gives_blobs_over_lines_that_break() {
    on_each("broken", |registry, _, place| {
        let at = (8 << 20) + 5000;
        broken(registry, place, &bytes(20 << 20), at).unwrap();
    });
}

/// The same within a blob that goes in one request. Pulp 2.30 takes what came for the whole, without a look at its digest, and
/// keeps that for ever: the least that a client can do is to say so, instead of publishing what nobody can pull.
#[test]
fn no_registry_is_left_with_half_of_a_blob_unnoticed() {
    on_each("half", |registry, _, place| {
        let pushed = broken(registry, place, &bytes(12 << 20), 11 << 20);
        match pushed {
            Ok(()) => {}
            Err(error) if registry.name == "Pulp" => {
                assert!(error.contains("bytes of 12582912 as `sha256:"), "{error}");
            }
            Err(error) => panic!("{}: {error}", registry.name),
        }
    });
}

/// Pushes a blob over a line that breaks after so many bytes, and reads it back over another one.
fn broken(registry: &Real, place: &str, content: &[u8], at: u64) -> Result<(), String> {
    let (_, repository) = place.split_once('/').unwrap();
    let line = Cut::start(&registry.address, at, u64::MAX);
    let client = registry.client(&line.address, repository);
    let descriptor = Descriptor::of("application/octet-stream", content);
    let open = || Ok(Box::new(Cursor::new(content)) as Box<dyn Read + Send>);
    let pushed = BlobSink::blob(&client, &descriptor, &open);
    assert!(line.broken.load(Ordering::SeqCst));
    pushed.map_err(|error| common::chain(&error))?;
    let sent = line.up.load(Ordering::SeqCst);
    let most = descriptor.size + at + (64 << 10);
    assert!(sent <= most, "{}: {sent} bytes sent", registry.name);
    let back = Cut::start(&registry.address, u64::MAX, at);
    let client = registry.client(&back.address, repository);
    let mut read = Vec::new();
    let mut reader = BlobSource::blob(&client, &descriptor).unwrap();
    reader.read_to_end(&mut read).unwrap();
    assert!(
        read == content,
        "{}: it came back as something else",
        registry.name
    );
    Ok(())
}
