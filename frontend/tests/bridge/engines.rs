//! Every engine that people have: what each is given, and what it is told if it cannot have it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bollard_buildkit_proto::pb;
use krunner::digest::Digest;
use krunner_frontend::llb;

use crate::daemon::{Daemon, Profile, Record, releases};
use crate::{IMAGE, MIRROR, daemon, graph, quoted};

/// The example whose volume has a C runtime of its own, with the fixture's locks.
fn any() -> Daemon {
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/any/krunner.toml");
    let mut daemon = daemon();
    let spec = std::fs::read(spec).unwrap();
    daemon.files.insert("krunner.toml".to_owned(), spec);
    daemon
}

/// The graph of the volume, which comes after that of the spec.
fn volume(record: &Record) -> &pb::Definition {
    record.result();
    assert_eq!(record.refused, [""; 0]);
    &record.solved[1]
}

#[test]
fn every_engine_gets_a_graph_that_it_can_solve() {
    type Start = fn() -> Daemon;
    let specs: [(&str, Start); 2] = [("static-gnu", daemon), ("any", any)];
    let mut table = String::new();
    for (spec, daemon) in specs {
        // Each graph once, called after the oldest engine that gets it.
        let mut graphs: BTreeMap<String, String> = BTreeMap::new();
        for profile in Profile::all() {
            let engine = profile.name.clone();
            let record = daemon().on(profile).build(&[IMAGE, MIRROR]);
            let definition = volume(&record);
            let text = graph::golden(definition);
            let name = graphs.entry(text.clone()).or_insert_with(|| {
                let name = format!("{spec}-on-{engine}");
                insta::assert_snapshot!(name.clone(), text);
                name
            });
            let head = graph::operations(definition).pop().unwrap().1.inputs[0]
                .digest
                .clone();
            let _ = writeln!(table, "{spec} on {engine}: {name}, {head}");
        }
    }
    insta::assert_snapshot!("graphs", table);
}

#[test]
fn two_platforms_are_solved_by_every_engine() {
    for profile in Profile::all() {
        let options = [IMAGE, MIRROR, ("platform", "linux/amd64,linux/arm64")];
        let record = daemon().on(profile).build(&options);
        record.result();
        assert_eq!(record.solved.len(), 3);
    }
}

/// BuildKit 0.25 forgets all uses but the first, when it reads an imported cache.
#[test]
fn what_platforms_share_none_of_them_uses_twice() {
    let options = [IMAGE, MIRROR, ("platform", "linux/amd64,linux/arm64")];
    let record = any().build(&options);
    record.result();
    let graphs = [&record.solved[1], &record.solved[2]].map(graph::operations);
    let [amd64, arm64] = graphs.each_ref().map(|operations| {
        let digests = operations.iter().map(|(digest, _)| digest.as_str());
        digests.collect::<BTreeSet<_>>()
    });
    let shared: BTreeSet<&str> = amd64.intersection(&arm64).copied().collect();
    assert!(!shared.is_empty());
    for operations in &graphs {
        let own = operations
            .iter()
            .filter(|(digest, _)| !shared.contains(digest.as_str()));
        let inputs = own.flat_map(|(_, operation)| &operation.inputs);
        let mut uses = BTreeMap::<_, usize>::new();
        for input in inputs.filter(|input| shared.contains(input.digest.as_str())) {
            *uses.entry(input.digest.as_str()).or_default() += 1;
        }
        uses.retain(|_, count| *count > 1);
        assert_eq!(uses, BTreeMap::new());
    }
}

#[test]
fn what_an_engine_lacks_is_named_with_the_release_that_has_it() {
    let layout = format!("oci-layout://store@{}", Digest::of(b"layout"));
    let options = [IMAGE, MIRROR, ("context:python-amd64", layout.as_str())];
    let record = daemon().on(Profile::named("docker-20.10")).build(&options);
    // Nothing was sent that the engine would have had to refuse.
    assert_eq!(record.refused, [""; 0]);
    let error = record.error();
    insta::assert_snapshot!(error.message);
    assert_eq!(error.code, 12);
    assert_eq!(quoted(&error).len(), 1);
    daemon()
        .on(Profile::named("buildkit-0.13"))
        .build(&options)
        .result();
}

#[test]
fn nothing_is_asked_for_that_could_be_done_without() {
    let record = daemon().build(&[IMAGE, MIRROR]);
    let caps: BTreeSet<_> = volume(&record)
        .metadata
        .values()
        .flat_map(|metadata| metadata.caps.keys().cloned())
        .collect();
    let old = Profile::named("docker-20.10");
    let new: Vec<_> = caps
        .iter()
        .filter(|cap| old.supports(cap).is_err())
        .collect();
    assert_eq!(new, ["mergeop"]);
    for cap in caps.iter().filter(|cap| *cap != "mergeop") {
        let lacking = Profile::named("newest").without(cap);
        let record = daemon().on(lacking).build(&[IMAGE, MIRROR]);
        assert_eq!(record.refused, [""; 0]);
        let message = record.error().message;
        assert!(message.contains(&format!("`{cap}`")), "{message}");
    }
}

#[test]
fn the_releases_that_errors_name_are_those_of_the_profiles() {
    let mut releases = releases();
    releases.retain(|_, release| release != "0.8");
    let ours = llb::SINCE.map(|(name, release)| (name.to_owned(), release.to_owned()));
    assert_eq!(BTreeMap::from(ours), releases);
}

#[test]
fn warnings_are_kept_from_engines_without_a_place_for_them() {
    let options = [IMAGE, MIRROR, ("build-arg:NOSUCH", "1")];
    let old = daemon().on(Profile::named("docker-20.10")).build(&options);
    old.result();
    assert!(!old.calls.contains(&"Warn"));
    let odd = Profile::named("newest").without_call("Warn");
    let odd = daemon().on(odd).build(&options);
    odd.result();
    assert!(odd.calls.contains(&"Warn") && odd.warnings.is_empty());
}
