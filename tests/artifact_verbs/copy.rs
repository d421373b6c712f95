//! Copies: complete, the same in every form, visible last, and what they refuse.

use std::fs;

use crate::common::layout::{self};
use crate::common::registry::Double;
use crate::place::{attach, folder, said};
use crate::snapshot::krunner_in;
use krunner::artifact::{Descriptor, Manifest, media};

#[test]
fn a_copy_has_everything_that_refers_to_it_and_every_form_of_it_is_the_same() {
    let dir = folder();
    attach(dir.path(), "application/spdx+json", b"an SBOM");
    insta::assert_snapshot!(said(
        dir.path(),
        &[
            "copy oci:out:15 oci-archive:carried.tar",
            "copy oci-archive:carried.tar:15 oci:far",
            "copy oci-archive:carried.tar:15 oci:far",
            "inspect oci:far:15",
            "copy oci:far:15 oci:bare:15 --no-referrers --output json",
            "verify oci:far:15",
            "tag oci:far:15 stable latest",
            "inspect oci:far:stable --output json",
        ]
    ));
    let archive = fs::read(dir.path().join("carried.tar")).unwrap();
    krunner_in(dir.path(), &["copy", "oci:far:15", "oci-archive:again.tar"]);
    assert_eq!(archive, fs::read(dir.path().join("again.tar")).unwrap());
}

/// Through registries with and without a list of referrers, and back.
#[test]
fn a_copy_through_a_registry_is_the_same_with_its_referrers() {
    let dir = folder();
    let sbom = attach(dir.path(), "application/spdx+json", b"an SBOM");
    let doubles = [Double::start(), Double::start()];
    doubles[1].inside.lock().unwrap().lists_referrers = true;
    for address in doubles.iter().map(|double| &double.address) {
        let there = format!("{address}/krunner:15");
        let mirror = format!("{address}/team/mirror");
        let back = format!("oci:back-{}", address.replace(':', "-"));
        for (from, to) in [("oci:out:15", &there), (&there, &mirror), (&mirror, &back)] {
            let from = if from == mirror {
                format!("{from}:15")
            } else {
                from.to_owned()
            };
            let said = krunner_in(dir.path(), &["copy", &from, to]);
            assert!(
                said.starts_with("exit code: Some(0)"),
                "{from} {to}: {said}"
            );
            assert!(said.contains("1 of them referring to it"), "{said}");
            if *to == mirror {
                assert!(said.contains("sent 0 B in 0 of"), "not mounted: {said}");
            }
        }
        let shown = krunner_in(dir.path(), &["inspect", &format!("{back}:15")]);
        assert!(shown.contains(&sbom.to_string()), "{shown}");
        let shown = krunner_in(dir.path(), &["inspect", &format!("{mirror}:15")]);
        assert!(shown.contains(&sbom.to_string()), "{shown}");
    }
}

#[test]
fn a_copy_shows_its_tag_last() {
    let dir = folder();
    attach(dir.path(), "application/spdx+json", b"an SBOM");
    let registry = Double::start();
    krunner_in(dir.path(), &["copy", "oci:out:15", &registry.reference()]);
    let inside = registry.inside.lock().unwrap();
    let puts = inside.seen.iter().map(|(request, _)| request.as_str());
    let puts: Vec<&str> = puts.filter(|request| request.starts_with("PUT")).collect();
    let first = puts
        .iter()
        .position(|put| put.contains("/manifests/"))
        .unwrap();
    assert!(
        puts[first..].iter().all(|put| put.contains("/manifests/")),
        "{puts:?}"
    );
    assert!(puts.last().unwrap().ends_with("/manifests/15"), "{puts:?}");
}

#[test]
fn a_mirror_in_the_settings_is_asked_first() {
    let dir = folder();
    let (origin, mirror) = (Double::start(), Double::start());
    for registry in [&origin, &mirror] {
        krunner_in(dir.path(), &["copy", "oci:out:15", &registry.reference()]);
        registry.lie(&[]);
    }
    let settings = format!(
        "[\"{}\"]\nmirrors = [\"{}\"]\n",
        origin.address, mirror.address
    );
    fs::write(dir.path().join("registries.toml"), settings).unwrap();
    let run = |settings: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_krunner"))
            .args([
                "pull",
                &origin.reference(),
                "--platform",
                "linux/amd64",
                "--store",
                "store",
            ])
            .current_dir(dir.path())
            .env_clear()
            .env("KRUNNER_REGISTRIES", settings)
            .output()
            .unwrap()
    };
    let output = run("registries.toml");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        mirror.count("GET /v2/krunner/blobs/") > 0 && origin.count("GET /v2/krunner/blobs/") == 0
    );
    let output = run("nowhere.toml");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("Cannot read `nowhere.toml`"),
        "{said}"
    );
}

#[test]
fn what_a_copy_refuses_is_named() {
    let dir = folder();
    let out = dir.path().join("out");
    // A list of referrers that lies: a manifest of the artifact itself, which refers to nothing.
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("index.json")).unwrap()).unwrap();
    let root = index["manifests"][0].clone();
    let hex = root["digest"].as_str().unwrap().replace("sha256:", "");
    let children: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("blobs/sha256").join(&hex)).unwrap()).unwrap();
    let list = serde_json::json!({ "schemaVersion": 2, "mediaType": media::INDEX, "manifests": [children["manifests"][0]] });
    let mut entry = layout::blob(&out, media::INDEX, list.to_string().as_bytes());
    entry["annotations"] =
        serde_json::json!({ "org.opencontainers.image.ref.name": format!("sha256-{hex}") });
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [root, entry] });
    fs::write(out.join("index.json"), index.to_string()).unwrap();
    // A layer that has to be fetched from somewhere.
    layout::small().write_artifact(&dir.path().join("foreign"));
    let foreign = dir.path().join("foreign");
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(media::MANIFEST.to_owned()),
        artifact_type: None,
        config: Descriptor::of(media::CONFIG, b"{}"),
        layers: vec![Descriptor {
            urls: vec!["https://evil.example/layer".to_owned()],
            ..Descriptor::of(media::LAYER_GZIP, b"x")
        }],
        subject: None,
        annotations: std::collections::BTreeMap::new(),
    };
    let entry = layout::blob(&foreign, media::MANIFEST, &manifest.to_bytes().unwrap());
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [entry] });
    fs::write(foreign.join("index.json"), index.to_string()).unwrap();
    // An index in an index in an index, and more layers than there are stages.
    let bomb = dir.path().join("bomb");
    fs::create_dir_all(bomb.join("blobs/sha256")).unwrap();
    let mut layers = manifest.layers.clone();
    layers[0].urls.clear();
    let layers: Vec<Descriptor> = layers.into_iter().cycle().take(65).collect();
    let many = Manifest { layers, ..manifest };
    let mut entry = layout::blob(&bomb, media::MANIFEST, &many.to_bytes().unwrap());
    entry["annotations"] = serde_json::json!({ "org.opencontainers.image.ref.name": "layers" });
    let mut entries = vec![entry.clone()];
    for _ in 0..3 {
        let index = serde_json::json!({ "schemaVersion": 2, "manifests": [entry] });
        entry = layout::blob(&bomb, media::INDEX, index.to_string().as_bytes());
    }
    entry["annotations"] = serde_json::json!({ "org.opencontainers.image.ref.name": "nested" });
    entries.push(entry);
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": entries });
    fs::write(bomb.join("index.json"), index.to_string()).unwrap();
    insta::assert_snapshot!(said(
        dir.path(),
        &[
            "copy oci:out:15 oci:to",
            "copy oci:foreign oci:to",
            "copy oci:bomb:nested oci:to",
            "copy oci:bomb:layers oci:to",
            "copy oci:out:15 docker-archive:x.tar",
            "copy oci:out:15 127.0.0.1:1/krunner@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            "tag oci:out:15 .bad",
            "tag oci-archive:x.tar good",
        ]
    ));
}
