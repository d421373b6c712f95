//! Policies of the people who run engines: what may not be fetched, and what is fetched elsewhere.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::served::Served;
use crate::small::{Small, wheel};
use crate::volume::diff_ids;
use crate::workbench::{Workbench, fail, succeed};

/// A file with one rule.
fn policy(rule: &Value) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.json");
    std::fs::write(&path, json!({ "rules": [rule] }).to_string()).unwrap();
    (folder, path)
}

const VARIABLE: &str = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY";

#[test]
fn a_source_that_a_policy_denies_is_shown_at_its_line() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let pattern = small.served.url("/python-arm64*");
        let (_folder, file) =
            policy(&json!({ "action": "DENY", "selector": { "identifier": pattern } }));
        let mut build = small.build(&workbench, engine).command("type=cacheonly");
        let said = fail(build.env(VARIABLE, file));
        assert!(said.contains("denied by policy"), "{said}");
        assert!(said.contains("/python-arm64.tar"), "{said}");
        let line = format!("krunner.toml:{}", small.line_of("/python-arm64.tar"));
        assert!(said.contains(&line) && said.contains(">>>"), "{said}");
    }
}

#[test]
fn a_source_that_a_policy_moves_to_a_mirror_makes_the_same_layer() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let folder = tempfile::tempdir().unwrap();
        let (direct, mirrored) = (folder.path().join("direct"), folder.path().join("mirrored"));
        small.build(&workbench, engine).to_layout(&direct);

        let mirror = Served::new();
        let tag = "py3-none-manylinux_2_17_x86_64";
        let name = format!("/alpha-1.0-{tag}.whl");
        mirror.add(&name, wheel("alpha", "1.0", tag, &small.mark));
        let (_folder, file) = policy(&json!({
            "action": "CONVERT",
            "selector": { "identifier": small.served.url(&name) },
            "updates": { "identifier": mirror.url(&name) },
        }));
        let output = format!("type=oci,dest={},tar=false", mirrored.display());
        let build = small.build(&workbench, engine).with("--no-cache");
        succeed(build.command(&output).env(VARIABLE, file));
        assert_eq!(diff_ids(&direct), diff_ids(&mirrored));
    }
}
