//! Every example's spec is one that `krunner` reads, and every example says what it is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use krunner::agent::Config;
use krunner::lint;
use krunner::platform::Platform;
use krunner::spec::Spec;

#[test]
fn every_example_is_a_spec_without_a_problem_or_a_warning() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for folder in std::fs::read_dir(&examples).unwrap() {
        let folder = folder.unwrap().path();
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let name = folder.file_name().unwrap().to_string_lossy();
        assert!(readme.starts_with(&format!("# {name}: ")), "{name}");
        let path = folder.join("krunner.toml");
        if !path.exists() {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let spec = match Spec::parse("krunner.toml", &text) {
            Ok(spec) => spec,
            Err(problems) => panic!("{}:\n{problems}", path.display()),
        };
        let warnings = lint::lint(&spec, &lint::Options::of(&spec).unwrap());
        assert_eq!(warnings, [], "{}", path.display());
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn the_agents_example_is_a_configuration_without_a_problem() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/node/agent.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let config = Config::parse(&text, &file, Platform::AMD64).unwrap();
    assert!(config.api.is_some() && config.plugin.is_some() && config.engine.is_some());
    // The DaemonSet carries one of its own.
    let set = file.with_file_name("kubernetes/daemonset.yaml");
    let set = std::fs::read_to_string(set).unwrap();
    let lines = set.split("agent.toml: |\n").nth(1).unwrap().lines();
    let inner = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
    let text: Vec<&str> = inner.map(str::trim).collect();
    let config = Config::parse(&text.join("\n"), &file, Platform::AMD64).unwrap();
    assert_eq!(config.references.len(), 1);
}
