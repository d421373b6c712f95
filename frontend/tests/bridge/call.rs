//! What is asked of the frontend besides a build.

use std::collections::BTreeMap;

use bollard_buildkit_proto::moby::buildkit::v1::frontend::result::Result as Tree;
use bollard_buildkit_proto::pb;
use serde_json::Value;

use crate::daemon::{Daemon, Record};
use crate::{IMAGE, MIRROR, daemon, edit, graph, quoted};

/// Asks, with further options; the engine gets the spec and nothing to build.
fn ask(daemon: Daemon, name: &str, options: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut all = vec![IMAGE, ("requestid", name)];
    all.extend(options);
    let record = daemon.build(&all);
    assert!(record.status.unwrap().success());
    for definition in &record.solved {
        let nothing_runs = |(_, op): (_, pb::Op)| !matches!(op.op, Some(pb::op::Op::Exec(_)));
        assert!(graph::operations(definition).into_iter().all(nothing_runs));
    }
    answer(&record)
}

fn answer(record: &Record) -> BTreeMap<String, String> {
    let result = record.result();
    match result.result {
        Some(Tree::Ref(tree)) => assert_eq!(tree.id, ""),
        other => panic!("{other:?}"),
    }
    let text = |(key, value)| (key, String::from_utf8(value).unwrap());
    result.metadata.into_iter().map(text).collect()
}

/// The data without the bytes of the files that it quotes.
fn data(answer: &BTreeMap<String, String>) -> Value {
    let mut data: Value = serde_json::from_str(&answer["result.json"]).unwrap();
    let sources = data.get_mut("sources").and_then(Value::as_array_mut);
    for source in sources.into_iter().flatten() {
        match source.get_mut("data") {
            Some(bytes) => *bytes = "BYTES".into(),
            None => *source = "BYTES".into(),
        }
    }
    data
}

fn show(answer: &BTreeMap<String, String>) -> String {
    let status = answer.get("result.statuscode");
    format!(
        "version {}, status {status:?}\n{}\n{:#}",
        answer["version"],
        answer["result.txt"],
        data(answer)
    )
}

/// The fixture with a rule that it leaves out.
fn unpinned() -> Daemon {
    let mut daemon = daemon();
    edit(&mut daemon, "skip=UnpinnedInput", "skip=NoSuchRule");
    daemon
}

#[test]
fn every_call_is_described() {
    insta::assert_snapshot!(show(&ask(daemon(), "frontend.subrequests.describe", &[])));
}

#[test]
fn targets_are_the_stages_that_the_spec_has() {
    let all = ask(daemon(), "frontend.targets", &[]);
    insta::assert_snapshot!(show(&all));
    let mut few = daemon();
    edit(
        &mut few,
        "[wheels]\nlock = \"pylock.toml\"\nglibc = \"2.17\"\n",
        "",
    );
    let few = data(&ask(few, "frontend.targets", &[]));
    let names: Vec<_> = few["targets"].as_array().unwrap().iter().collect();
    assert!(
        names.iter().all(|target| target["name"] != "wheels"),
        "{few}"
    );
}

#[test]
fn the_outline_has_the_arguments_of_the_target() {
    let whole = ask(
        daemon(),
        "frontend.outline",
        &[("build-arg:FLAVOUR", "odd")],
    );
    insta::assert_snapshot!(show(&whole));
    let wheels = data(&ask(daemon(), "frontend.outline", &[("target", "wheels")]));
    assert_eq!(wheels["name"], "wheels");
    assert_eq!(wheels["args"].as_array().unwrap().len(), 1, "{wheels}");
    let record = daemon().build(&[
        IMAGE,
        ("requestid", "frontend.outline"),
        ("target", "wheel"),
    ]);
    assert!(record.error().message.contains("did you mean `wheels`?"));
}

#[test]
fn the_outline_names_the_secrets_of_private_hosts() {
    let mut private = daemon();
    let auth = "[auth]\n\"python.example\" = \"index\"\n\n[args]";
    let line = edit(&mut private, "[args]", auth) + 1;
    let answer = ask(private, "frontend.outline", &[]);
    let secrets = &data(&answer)["secrets"];
    assert_eq!(secrets[0]["name"], "index");
    assert_eq!(secrets[0]["required"], true);
    let range = &secrets[0]["location"]["ranges"][0];
    assert_eq!(range["start"]["line"], line);
    assert!(answer["result.txt"].contains("index"), "{answer:?}");
}

#[test]
fn a_spec_without_fault_passes_its_check() {
    let answer = ask(daemon(), "frontend.lint", &[]);
    assert_eq!(answer["result.statuscode"], "0");
    assert_eq!(data(&answer)["warnings"], Value::Array(Vec::new()));
}

#[test]
fn what_is_probably_not_meant_is_shown_with_its_lines() {
    insta::assert_snapshot!(show(&ask(unpinned(), "frontend.lint", &[])));
    let skip = ("build-arg:BUILDKIT_DOCKERFILE_CHECK", "skip=all");
    let answer = ask(unpinned(), "frontend.lint", &[skip]);
    assert_eq!(answer["result.statuscode"], "0");
}

#[test]
fn what_is_wrong_is_shown_with_its_line() {
    let mut wrong = daemon();
    let line = edit(&mut wrong, "strip = ", "stripp = ");
    let answer = ask(wrong, "frontend.lint", &[]);
    assert_eq!(answer["result.statuscode"], "1");
    let error = &data(&answer)["buildError"];
    assert!(error["message"].as_str().unwrap().contains("`stripp`"));
    assert_eq!(error["location"]["ranges"][0]["start"]["line"], line);
    assert!(answer["result.txt"].contains(">>> stripp"), "{answer:?}");
}

#[test]
fn what_the_lock_lacks_is_shown_with_its_line() {
    let mut wrong = daemon();
    edit(
        &mut wrong,
        "lock = \"pylock.toml\"",
        "lock = \"other.toml\"",
    );
    let error = &data(&ask(wrong, "frontend.lint", &[]))["buildError"];
    assert!(error["message"].as_str().unwrap().contains("`other.toml`"));
}

#[test]
fn a_graph_is_converted_as_it_would_be_solved() {
    let options = [MIRROR, ("platform", "linux/amd64,linux/arm64")];
    let converted = data(&ask(daemon(), "frontend.convertllb", &options));
    let mut build = vec![IMAGE];
    build.extend(options);
    let record = daemon().build(&build);
    let solved: BTreeMap<_, _> = record.solved[1..]
        .iter()
        .flat_map(graph::operations)
        .collect();
    let operations = converted["def"].as_object().unwrap();
    assert!(operations.keys().eq(solved.keys()));
    let named = |name: &str| {
        let metadata = converted["metadata"].as_object().unwrap();
        let is_it = |one: &Value| one["description"]["llb.customname"] == name;
        let found = metadata.iter().find(|(_, one)| is_it(one));
        &operations[found.expect(name).0]
    };
    let shown = [
        "[python] download cpython-3.13.2-aarch64.tar.gz",
        "[linux/arm64 python] unpack Python 3.13.2",
        "[linux/arm64 volume] merge 16 layers",
    ]
    .map(named);
    insta::with_settings!({ filters => [("sha256:[0-9a-f]{64}", "DIGEST")] }, {
        insta::assert_json_snapshot!(shown);
    });
    let quoted = &converted["source"]["infos"][0]["filename"];
    assert_eq!(quoted, "krunner.toml");
}

#[test]
fn plans_are_answered_for_every_platform() {
    let options = [MIRROR, ("platform", "linux/amd64,linux/arm64")];
    for name in ["frontend.krunner.plan", "krunner.plan"] {
        let answer = ask(daemon(), name, &options);
        let plans = data(&answer);
        let platforms: Vec<_> = plans.as_object().unwrap().keys().collect();
        assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
        assert_eq!(plans["linux/arm64"]["volume"]["name"], "static-gnu");
        assert_eq!(answer["version"], "0.1.0");
    }
}

#[test]
fn a_build_shows_each_warning_once() {
    let options = [IMAGE, MIRROR, ("platform", "linux/amd64,linux/arm64")];
    let record = unpinned().build(&options);
    record.result();
    let texts = record.warnings.iter();
    let texts: Vec<_> = texts
        .map(|warning| String::from_utf8_lossy(&warning.short))
        .collect();
    insta::assert_debug_snapshot!(texts);
    assert!(record.warnings.iter().all(|one| one.ranges.len() == 1));
}

#[test]
fn a_spec_can_make_warnings_errors() {
    let mut strict = daemon();
    edit(&mut strict, "skip=UnpinnedInput", "error=true");
    let error = strict.build(&[IMAGE, MIRROR]).error();
    assert!(error.message.contains("UnpinnedInput"), "{}", error.message);
    assert_eq!(quoted(&error).len(), 2);
    let mut wrong = daemon();
    edit(&mut wrong, "skip=UnpinnedInput", "skp=UnpinnedInput");
    let error = wrong.build(&[IMAGE, MIRROR]).error();
    assert_eq!(quoted(&error), [("krunner.toml".to_owned(), 2)]);
}
