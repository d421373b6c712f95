//! `krunner.toml`: read, linted, and planned without any lock.

use std::collections::BTreeMap;

use krunner::lint;
use krunner::plan::{self, Locks, Request};
use krunner::platform::Platform;
use krunner::report::Problems;
use krunner::spec::Spec;

pub(crate) fn run(bytes: &[u8]) {
    let Some(text) = super::text(bytes) else {
        return;
    };
    match Spec::parse("krunner.toml", text) {
        Err(problems) => inside(text, &problems),
        Ok(spec) => {
            if let Ok(options) = lint::Options::of(&spec) {
                let _ = lint::lint(&spec, &options);
            }
            let request = Request {
                platform: Platform::AMD64,
                build_platform: Platform::AMD64,
                args: BTreeMap::new(),
                contexts: spec.contexts(),
            };
            if let Err(problems) = plan::build(&spec, &Locks::parse(&BTreeMap::new()), &request) {
                inside(text, &problems);
            }
        }
    }
}

/// Every problem is said, and lies in the file.
fn inside(text: &str, problems: &Problems) {
    assert!(!problems.0.is_empty());
    let lines = text.lines().count() + 1;
    for problem in &problems.0 {
        assert!(!problem.message.is_empty());
        if let Some(at) = &problem.at {
            assert!(at.line as usize <= lines, "{problem:?}");
        }
    }
}
