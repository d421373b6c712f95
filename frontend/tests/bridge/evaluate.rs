//! What the engine fails at lands on the line that asked for it, also where the engine lost that line.

use crate::daemon::{Profile, Record, Trouble};
use crate::{IMAGE, MIRROR, daemon, quoted};

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
fn every_tree_is_made_before_it_is_returned_where_the_engine_can() {
    for (profile, times) in [("docker-20.10", 0), ("buildkit-0.13", 2)] {
        let record = with(Trouble::None, profile);
        record.result();
        let asked = record.calls.iter().filter(|call| **call == "Evaluate");
        assert_eq!(asked.count(), times, "{profile}");
        assert_eq!(record.calls.last(), Some(&"Return"));
    }
}

#[test]
fn an_engine_that_does_not_know_evaluation_makes_the_trees_itself() {
    let odd = Profile::named("newest").without_call("Evaluate");
    let record = daemon().on(odd).build(&[IMAGE, MIRROR]);
    record.result();
}
