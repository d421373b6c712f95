//! Every example's spec is one that `krunner` reads, and every example says what it is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use krunner::lint;
use krunner::spec::Spec;

#[test]
fn every_example_is_a_spec_without_a_problem_or_a_warning() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for folder in std::fs::read_dir(&examples).unwrap() {
        let folder = folder.unwrap().path();
        let path = folder.join("krunner.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let spec = match Spec::parse("krunner.toml", &text) {
            Ok(spec) => spec,
            Err(problems) => panic!("{}:\n{problems}", path.display()),
        };
        let warnings = lint::lint(&spec, &lint::Options::of(&spec).unwrap());
        assert_eq!(warnings, [], "{}", path.display());
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let name = folder.file_name().unwrap().to_string_lossy();
        assert!(readme.starts_with(&format!("# {name}: ")), "{name}");
        seen += 1;
    }
    assert!(seen > 0);
}
