//! What the engine fails at lands on the line that asked for it, also where the engine lost that line.

use std::collections::BTreeSet;

use bollard_buildkit_proto::pb::{self, op::Op};
use prost::Message as _;

use crate::daemon::{Profile, Record, Trouble};
use crate::{IMAGE, MIRROR, daemon, graph, quoted};

const MSGPACK: &str = "msgpack-1.2.4-cp313-cp313-manylinux2014_aarch64";
const PYTHON: &str = "cpython-3.13.2-aarch64";

/// A build of two platforms with that trouble.
fn with(trouble: Trouble, profile: &str) -> Record {
    let mut daemon = daemon().on(Profile::named(profile));
    daemon.trouble = trouble;
    daemon.build(&[IMAGE, MIRROR, ("platform", "linux/amd64,linux/arm64")])
}

/// The line of a file of the fixture that has this in it.
fn line(file: &str, part: &str) -> (String, u64) {
    let text = String::from_utf8(daemon().files[file].clone()).unwrap();
    let index = text.lines().position(|line| line.contains(part));
    (file.to_owned(), index.expect(part) as u64 + 1)
}

#[test]
fn a_source_that_fails_is_shown_at_its_line() {
    let error = with(Trouble::Fails(MSGPACK), "newest").error();
    assert!(error.message.starts_with("digest mismatch"));
    assert_eq!(quoted(&error), [line("pylock.toml", MSGPACK)]);
}

#[test]
fn a_source_that_a_policy_denies_is_shown_at_its_line() {
    let error = with(Trouble::Denies(PYTHON), "newest").error();
    assert!(error.message.contains("denied by policy"));
    assert_eq!(quoted(&error), [line("krunner.toml", PYTHON)]);
    // The words and the class stay the engine's.
    assert_eq!(error.code, 13);
}

#[test]
fn every_source_is_needed_by_a_tree_that_is_made_before_the_return() {
    let record = with(Trouble::None, "buildkit-0.13");
    record.result();
    assert_eq!(record.calls.last(), Some(&"Return"));
    let sources = |definitions: &[pb::Definition]| {
        let all = definitions.iter().flat_map(graph::operations);
        let sources = all.filter(|(_, op)| matches!(op.op, Some(Op::Source(_))));
        sources.map(|(digest, _)| digest).collect::<BTreeSet<_>>()
    };
    // The first graph brings the spec.
    assert_eq!(sources(&record.evaluated), sources(&record.solved[1..]));
    // Of each platform, neither all trees of packages nor the last, which needs nothing new.
    for evaluated in &record.evaluated {
        let outputs = evaluated
            .def
            .last()
            .map(|last| pb::Op::decode(last.as_slice()).unwrap());
        assert_eq!(outputs.unwrap().inputs[0].index, 0);
    }
}

#[test]
fn the_result_itself_is_made_where_trees_are_copied_or_steps_must_run_again() {
    // The oldest engine copies trees onto each other.
    let copied = with(Trouble::None, "docker-20.10");
    copied.result();
    assert_eq!(by_digest(&copied.evaluated), by_digest(&copied.solved[1..]));
    let again = daemon().build(&[IMAGE, MIRROR, ("no-cache", "wheels")]);
    again.result();
    assert_eq!(again.evaluated, again.solved[1..]);
}

/// Graphs by what they make: two platforms are evaluated in any order.
fn by_digest(definitions: &[pb::Definition]) -> BTreeSet<&[u8]> {
    let last = definitions.iter().filter_map(|one| one.def.last());
    last.map(Vec::as_slice).collect()
}

#[test]
fn an_engine_that_cannot_be_asked_to_makes_the_trees_itself() {
    let odd = Profile::named("newest").without_gateway("gateway.solve.evaluate");
    let record = daemon().on(odd).build(&[IMAGE, MIRROR]);
    record.result();
    assert_eq!(record.evaluated, []);
}
