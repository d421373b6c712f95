//! Planning.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::platform::Platform;
use crate::spec::Spec;

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/spec/static-gnu/"
);

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{FOLDER}{name}")).unwrap()
}

fn spec() -> Spec {
    Spec::parse("krunner.toml", &fixture("krunner.toml")).unwrap()
}

fn locks(spec: &Spec) -> BTreeMap<String, String> {
    let read = |lock: &&str| ((*lock).to_owned(), fixture(lock));
    spec.locks().iter().map(read).collect()
}

fn request(platform: Platform) -> Request {
    Request {
        platform,
        build_platform: Platform::AMD64,
        args: [(
            "DEBIAN_MIRROR".to_owned(),
            "https://debian.example".to_owned(),
        )]
        .into(),
        contexts: BTreeSet::new(),
    }
}

#[test]
fn the_plan_for_amd64_is_this() {
    let spec = spec();
    let plan = build(&spec, &locks(&spec), &request(Platform::AMD64)).unwrap();
    insta::assert_json_snapshot!(plan);
}

#[test]
fn the_plan_for_arm64_is_this() {
    let spec = spec();
    let plan = build(&spec, &locks(&spec), &request(Platform::ARM64)).unwrap();
    insta::assert_json_snapshot!(plan);
}
