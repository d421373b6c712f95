//! The real binary against a stand-in for the engine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod attestation;
mod call;
mod contexts;
mod daemon;
mod determinism;
mod engines;
mod evaluate;
mod graph;
mod layers;
mod options;
mod robust;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use bollard_buildkit_proto::google::protobuf::Any;
use bollard_buildkit_proto::google::rpc;
use bollard_buildkit_proto::moby::buildkit::v1::frontend::result::Result as Tree;
use daemon::{Daemon, Profile};
use prost::Message as _;
use serde_json::Value;

const FIXTURE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/fixtures/spec/static-gnu"
);
const MIRROR: (&str, &str) = ("build-arg:DEBIAN_MIRROR", "https://debian.example");
const IMAGE: (&str, &str) = ("source", "krunner/frontend:1");

/// An engine that has the fixture's spec and locks.
fn daemon() -> Daemon {
    let files = std::fs::read_dir(FIXTURE).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read(entry.path()).unwrap_or_default())
    });
    let mut daemon = Daemon::new(Profile::named("newest"));
    daemon.files = files.collect();
    daemon
}

fn edit(daemon: &mut Daemon, from: &str, to: &str) -> usize {
    let text = String::from_utf8(daemon.files["krunner.toml"].clone()).unwrap();
    let at = text.find(from).expect(from);
    let line = text[..at].matches('\n').count() + 1;
    let text = text.replacen(from, to, 1);
    daemon
        .files
        .insert("krunner.toml".to_owned(), text.into_bytes());
    line
}

/// The details of an error that make clients quote lines: file, first line, and whether the bytes are there.
fn quoted(status: &rpc::Status) -> Vec<(String, u64)> {
    let theirs = |url: &str| url.ends_with("errdefs.Solve+json");
    status
        .details
        .iter()
        .filter(|detail| !theirs(&detail.type_url))
        .map(|detail| {
            assert_eq!(
                detail.type_url,
                "github.com/moby/buildkit/errdefs.Source+json"
            );
            let value: Value = serde_json::from_slice(&detail.value).unwrap();
            let data = value["info"]["data"].as_str().unwrap();
            let data = base64::engine::general_purpose::STANDARD
                .decode(data)
                .unwrap();
            assert!(!data.is_empty());
            let name = value["info"]["filename"].as_str().unwrap().to_owned();
            (name, value["ranges"][0]["start"]["line"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn two_platforms_become_two_trees_with_configs() {
    let options = [
        IMAGE,
        MIRROR,
        ("platform", "linux/amd64,linux/arm64/v8,linux/amd64"),
    ];
    let record = daemon().build(&options);
    let result = record.result();
    assert!(record.status.unwrap().success());
    let Some(Tree::Refs(map)) = result.result else {
        panic!("{:?}", result.result)
    };
    let trees: BTreeMap<_, _> = map
        .refs
        .into_iter()
        .map(|(key, tree)| (key, tree.id))
        .collect();
    assert_eq!(trees.len(), 2);
    let metadata: BTreeMap<_, _> = result
        .metadata
        .iter()
        .map(|(key, value)| (key, String::from_utf8_lossy(value)))
        .collect();
    insta::assert_debug_snapshot!("metadata", (trees, metadata));
    // The spec first, then each platform.
    assert_eq!(record.solved.len(), 3);
    insta::assert_snapshot!("load", graph::describe(&record.solved[0]));
    insta::assert_snapshot!("arm64", graph::describe(&record.solved[2]));
}

#[test]
fn no_process_runs_on_a_foreign_platform_or_has_a_network() {
    let record = daemon().build(&[IMAGE, MIRROR, ("platform", "linux/arm64")]);
    for (_, op) in record.solved.iter().flat_map(graph::operations) {
        if let Some(bollard_buildkit_proto::pb::op::Op::Exec(exec)) = op.op {
            assert_eq!(exec.network().as_str_name(), "NONE");
            assert_eq!(op.platform.unwrap().architecture, "amd64");
        }
    }
}

#[test]
fn one_platform_is_one_tree_unless_a_map_is_asked_for() {
    let single = daemon().build(&[IMAGE, MIRROR]).result();
    assert!(matches!(single.result, Some(Tree::Ref(_))));
    assert!(single.metadata.contains_key("containerimage.config"));
    assert!(single.metadata.contains_key("refs.platforms"));
    let map = [IMAGE, MIRROR, ("multi-platform", "true")];
    let map = daemon().build(&map).result();
    assert!(matches!(map.result, Some(Tree::Refs(_))));
    assert!(
        map.metadata
            .contains_key("containerimage.config/linux/amd64")
    );
}

#[test]
fn an_engine_that_cannot_merge_gets_copies() {
    let old = daemon().on(Profile::named("docker-28-graph-drivers"));
    let record = old.build(&[IMAGE, MIRROR]);
    record.result();
    let text = graph::describe(&record.solved[1]);
    assert!(!text.contains("merge ["), "{text}");
    insta::assert_snapshot!(
        "copies",
        text.lines().rev().take(10).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn one_stage_brings_only_what_it_needs() {
    let record = daemon().build(&[IMAGE, MIRROR, ("target", "python")]);
    record.result();
    insta::assert_snapshot!("python", graph::describe(&record.solved[1]));
}

#[test]
fn a_wrong_key_is_quoted_at_its_line() {
    let mut wrong = daemon();
    let line = edit(&mut wrong, "strip = ", "stripp = ");
    let record = wrong.build(&[IMAGE, MIRROR]);
    assert!(record.status.unwrap().success());
    let error = record.error();
    assert!(error.message.contains("`stripp`"), "{}", error.message);
    // `InvalidArgument`, by which programs tell a user's mistake from everything else.
    assert_eq!(error.code, 3);
    assert_eq!(quoted(&error), [("krunner.toml".to_owned(), line as u64)]);
}

#[test]
fn a_missing_lock_is_quoted_where_it_is_named() {
    let mut wrong = daemon();
    let line = edit(
        &mut wrong,
        "lock = \"pylock.toml\"",
        "lock = \"other.toml\"",
    );
    let error = wrong.build(&[IMAGE, MIRROR]).error();
    assert!(error.message.contains("`other.toml`"), "{}", error.message);
    assert_eq!(quoted(&error), [("krunner.toml".to_owned(), line as u64)]);
}

#[test]
fn an_unknown_target_names_the_known_ones_and_quotes_the_spec() {
    let error = daemon()
        .build(&[IMAGE, MIRROR, ("target", "wheel")])
        .error();
    assert!(
        error.message.contains("did you mean `wheels`?"),
        "{}",
        error.message
    );
    assert_eq!(quoted(&error)[0].0, "krunner.toml");
}

#[test]
fn a_missing_spec_is_named_with_what_to_do() {
    let mut empty = daemon();
    empty.files.clear();
    let error = empty.build(&[IMAGE, ("filename", "Dockerfile")]).error();
    assert!(error.message.contains("`Dockerfile`"), "{}", error.message);
    assert!(
        error.message.contains("-f krunner.toml"),
        "{}",
        error.message
    );
}

#[test]
fn what_the_engine_says_is_passed_on_unchanged() {
    let details = vec![Any {
        type_url: "github.com/moby/buildkit/errdefs.Vertex+json".to_owned(),
        // Longer than what clients of gRPC take in headers by default.
        value: vec![b' '; 100_000],
    }];
    let status = rpc::Status {
        code: 9,
        message: "digest mismatch".to_owned(),
        details,
    };
    let mut failing = daemon();
    let bytes = status.encode_to_vec().into();
    let code = tonic::Code::FailedPrecondition;
    failing.failure = Some(tonic::Status::with_details(code, "digest mismatch", bytes));
    assert_eq!(failing.build(&[IMAGE, MIRROR]).error(), status);
}

#[test]
fn arguments_that_no_one_declared_are_warned_of_once() {
    let options = [
        IMAGE,
        MIRROR,
        ("platform", "linux/amd64,linux/arm64"),
        ("build-arg:NOSUCH", "1"),
    ];
    let record = daemon().build(&options);
    record.result();
    assert_eq!(record.warnings.len(), 1);
    assert!(String::from_utf8_lossy(&record.warnings[0].short).contains("`NOSUCH`"));
    let old = daemon().on(Profile::named("docker-20.10"));
    old.build(&options).result();
}

#[test]
fn what_is_no_build_is_refused_by_its_name() {
    let error = daemon()
        .build(&[IMAGE, ("requestid", "frontend.nosuch")])
        .error();
    assert_eq!(error.message, "unsupported request frontend.nosuch");
    assert_eq!(
        error.details[0].type_url,
        "github.com/moby/buildkit/errdefs.Subrequest+json"
    );
    assert_eq!(error.details[0].value, br#"{"name":"frontend.nosuch"}"#);
}

#[test]
fn named_contexts_stand_for_inputs() {
    let image = "docker-image://example.org/python:3";
    let options = [
        IMAGE,
        MIRROR,
        ("target", "python"),
        ("context:python-amd64", image),
        ("context:nosuch", "local:nosuch"),
    ];
    let record = daemon().build(&options);
    record.result();
    let text = graph::describe(&record.solved[1]);
    assert!(
        text.contains(image) && !text.contains("http.checksum"),
        "{text}"
    );
    assert!(!text.contains("nosuch"), "{text}");
}

#[test]
fn a_graph_given_as_context_is_gone_on_from() {
    let before = daemon().build(&[IMAGE, MIRROR, ("target", "python")]);
    let mut with_input = daemon();
    with_input
        .inputs
        .insert("python-amd64".to_owned(), before.solved[1].clone());
    let options = [
        IMAGE,
        MIRROR,
        ("target", "python"),
        ("context:python-amd64", "input:python-amd64"),
    ];
    let record = with_input.build(&options);
    record.result();
    assert_eq!(record.solved[1].def.len(), before.solved[1].def.len() + 2);
}

#[test]
fn stages_run_again_when_they_are_named() {
    let record = daemon().build(&[IMAGE, MIRROR, ("no-cache", "Wheels")]);
    let definition = &record.solved[1];
    let again: BTreeSet<_> = definition
        .metadata
        .values()
        .filter(|metadata| metadata.ignore_cache)
        .map(|metadata| metadata.description["llb.customname"].clone())
        .collect();
    let names = [
        "[internal] gather downloads for wheels",
        "[wheels] install 13 packages",
    ];
    assert_eq!(again, names.map(str::to_owned).into());
}

#[test]
fn caches_to_look_into_are_passed_on() {
    let json = r#"[{"Type":"registry","Attrs":{"ref":"example.org/cache"}}]"#;
    let record = daemon().build(&[IMAGE, MIRROR, ("cache-imports", json)]);
    assert_eq!(record.cache_imports[0].r#type, "registry");
    assert_eq!(record.cache_imports[0].attrs["ref"], "example.org/cache");
}
