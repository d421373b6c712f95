//! The bill of materials: beside a result, as a target, and as a call; and that every download is pinned.

use bollard_buildkit_proto::moby::buildkit::v1::frontend as proto;
use bollard_buildkit_proto::pb;
use krunner::sbom::{FILE, Facts, Parts, check, document};
use krunner_frontend::tool::step::Step;
use pb::op::Op;
use serde_json::Value;

use crate::daemon::{Daemon, Profile, Record};
use crate::{IMAGE, MIRROR, daemon, graph};

const ASKED: (&str, &str) = ("attest:sbom", "type=sbom");

fn attestations(record: &Record) -> Vec<(String, proto::Attestation)> {
    let mut all: Vec<_> = record
        .result()
        .attestations
        .into_iter()
        .flat_map(|(id, all)| {
            let each = all.attestation.into_iter();
            each.map(move |one| (id.clone(), one)).collect::<Vec<_>>()
        })
        .collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all
}

/// The orders of the one step of a graph that writes a bill of materials.
fn parts(definition: &pb::Definition) -> Parts {
    let orders = graph::operations(definition)
        .into_iter()
        .filter_map(|(_, op)| match op.op {
            Some(Op::File(file)) => file.actions.into_iter().next()?.action,
            _ => None,
        });
    let steps = orders.filter_map(|action| match action {
        pb::file_action::Action::Mkfile(file) => serde_json::from_slice(&file.data).ok(),
        _ => None,
    });
    let mut parts = steps.filter_map(|step| match step {
        Step::Sbom { parts, .. } => Some(*parts),
        _ => None,
    });
    let found = parts.next().expect("no such step");
    assert!(parts.next().is_none());
    found
}

#[test]
fn each_platform_has_its_bill_of_materials() {
    let options = [
        IMAGE,
        MIRROR,
        ASKED,
        ("platform", "linux/amd64,linux/arm64"),
    ];
    let record = daemon().build(&options);
    let found = attestations(&record);
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["linux/amd64", "linux/arm64"]);
    for (id, one) in &found {
        assert_eq!(one.kind(), proto::AttestationKind::InToto);
        assert_eq!(one.in_toto_predicate_type, "https://spdx.dev/Document");
        assert_eq!(one.path, format!("/{FILE}"));
        assert_eq!(one.metadata["reason"], b"sbom");
        let tree = one.r#ref.as_ref().unwrap().id.strip_prefix("ref").unwrap();
        let definition = &record.solved[tree.parse::<usize>().unwrap() - 1];
        assert_eq!(parts(definition).platform.to_string(), *id);
    }
}

#[test]
fn a_single_result_has_it_under_its_platform() {
    let found = attestations(&daemon().build(&[IMAGE, MIRROR, ASKED]));
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["linux/amd64"]);
}

#[test]
fn nothing_in_a_result_depends_on_its_bill_of_materials() {
    let plain = daemon().build(&[IMAGE, MIRROR]);
    let attested = daemon().build(&[IMAGE, MIRROR, ASKED]);
    assert_eq!(plain.solved[..], attested.solved[..2]);
    assert_eq!(attested.solved.len(), 3);
    assert_eq!(plain.result().metadata, attested.result().metadata);
}

#[test]
fn it_is_left_to_a_scanner_that_the_user_names_and_to_engines_that_take_none() {
    let named = ("attest:sbom", "type=sbom,generator=scanner:1");
    for (engine, asked) in [("newest", named), ("docker-20.10", ASKED)] {
        let record = daemon()
            .on(Profile::named(engine))
            .build(&[IMAGE, MIRROR, asked]);
        assert!(attestations(&record).is_empty(), "{engine}");
        assert_eq!(record.solved.len(), 2, "{engine}");
    }
}

#[test]
fn one_stage_has_a_bill_of_what_it_is_made_of() {
    let record = daemon().build(&[IMAGE, MIRROR, ASKED, ("target", "wheels")]);
    let parts = parts(&record.solved[2]);
    assert!(!parts.components.is_empty());
    assert!(parts.components.iter().all(|part| part.stage == "wheels"));
}

/// An engine whose steps write the document that the orders of `options` lead to.
fn writing(options: &[(&str, &str)]) -> Daemon {
    let record = daemon().build(options);
    let facts = Facts {
        tool: "krunner-frontend-0.0.0".to_owned(),
        ..Facts::default()
    };
    let document = document(&parts(&record.solved[1]), &facts);
    assert!(check(&document).is_empty());
    let mut daemon = daemon();
    let bytes = document.to_json().into_bytes();
    daemon.made.insert(FILE.to_owned(), bytes);
    daemon
}

#[test]
fn the_call_prints_what_the_target_builds() {
    let daemon = writing(&[IMAGE, MIRROR, ("target", "sbom")]);
    let written = daemon.made[FILE].clone();
    let record = daemon.build(&[IMAGE, MIRROR, ("requestid", "frontend.krunner.sbom")]);
    let metadata = record.result().metadata;
    let answer: Value = serde_json::from_slice(&metadata["result.json"]).unwrap();
    let written: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(answer["linux/amd64"], written);
    let text = String::from_utf8(metadata["result.txt"].clone()).unwrap();
    insta::assert_snapshot!("sbom_call", text);
}

#[test]
fn the_lock_lists_every_input_with_its_digest() {
    let options = [
        IMAGE,
        MIRROR,
        ("requestid", "krunner.lock"),
        ("platform", "linux/arm64"),
    ];
    let record = daemon().build(&options);
    let metadata = record.result().metadata;
    let answer: Value = serde_json::from_slice(&metadata["result.json"]).unwrap();
    let inputs = answer["linux/arm64"]["inputs"].as_array().unwrap();
    let wheel = inputs
        .iter()
        .find(|one| one["input"] == "wheel-attrs")
        .unwrap();
    insta::assert_json_snapshot!("lock_entry", wheel);
    for input in inputs {
        assert!(
            input["url"].is_null() || input["sha256"].is_string(),
            "{input}"
        );
    }
    let text = String::from_utf8(metadata["result.txt"].clone()).unwrap();
    insta::assert_snapshot!("lock_call", text);
}

/// What an engine writes down as materials are the sources of the graph: each must be pinned, and none may come
/// from the client but what the spec names.
#[test]
fn every_download_of_every_graph_is_pinned() {
    let any = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/any/krunner.toml");
    let mut other = daemon();
    let spec = std::fs::read(any).unwrap();
    other.files.insert("krunner.toml".to_owned(), spec);
    let both = [
        IMAGE,
        MIRROR,
        ASKED,
        ("platform", "linux/amd64,linux/arm64"),
    ];
    let sbom = [IMAGE, MIRROR, ("target", "sbom")];
    let records = [
        daemon().build(&both),
        other.build(&both),
        daemon().build(&sbom),
    ];
    let mut downloads = 0;
    for (_, op) in records
        .iter()
        .flat_map(|record| &record.solved)
        .flat_map(graph::operations)
    {
        match op.op {
            Some(Op::Source(source)) if source.identifier.starts_with("http") => {
                downloads += 1;
                let checksum = source.attrs.get("http.checksum");
                let pinned = checksum.is_some_and(|sum| sum.starts_with("sha256:"));
                assert!(pinned, "{source:?}");
            }
            Some(Op::Source(source)) if source.identifier.starts_with("local:") => {
                assert!(
                    ["local://context", "local://dockerfile"].contains(&source.identifier.as_str())
                );
                assert!(source.attrs.contains_key("local.followpaths"), "{source:?}");
            }
            Some(Op::Exec(exec)) => assert_eq!(exec.network(), pb::NetMode::None),
            _ => {}
        }
    }
    assert!(downloads > 50, "{downloads}");
}

#[test]
fn a_build_from_a_repository_reads_nothing_from_the_client() {
    let remote = ("context", "https://git.example/volume.git#main");
    let record = daemon().build(&[IMAGE, MIRROR, ASKED, remote]);
    record.result();
    for (_, op) in record.solved.iter().flat_map(graph::operations) {
        if let Some(Op::Source(source)) = op.op {
            assert!(!source.identifier.starts_with("local:"), "{source:?}");
        }
    }
}
