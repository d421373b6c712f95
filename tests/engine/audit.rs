//! The gates on whole volumes: nothing is wrong with ours, and they see what is wrong with the published one.

use serde_json::Value;

use crate::deployed::Deployed;
use crate::workbench::{Workbench, krunner, succeed};

#[test]
fn nothing_is_wrong_with_the_volume_that_runs_everywhere() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let deployed = Deployed::new(&workbench, "any");
    for platform in ["linux/amd64", "linux/arm64"] {
        let volume = deployed.path(platform);
        let words = ["--libc", "any", "--platform", platform, "--strict"];
        let store = tempfile::tempdir().unwrap();
        let mut audit = krunner(store.path(), &["audit"]);
        let said = succeed(audit.arg(volume).args(words));
        assert_eq!(said, "", "{platform}");
    }
}

#[test]
fn the_published_volume_has_the_faults_that_it_is_known_for() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let store = tempfile::tempdir().unwrap();
    let mut audit = krunner(store.path(), &["audit", "--output", "json"]);
    let output = audit.arg(&workbench.published).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let found = |gate: &str, file: &str, message: &str| {
        findings.iter().any(|finding| {
            finding["gate"] == gate
                && finding["file"].as_str().unwrap().contains(file)
                && finding["message"].as_str().unwrap().contains(message)
        })
    };
    for (gate, file, message) in [
        ("needed", "libzmq", "libstdc++.so.6"),
        ("needed", "libzmq", "libgcc_s.so.1"),
        ("needed", "bin/python3.13", "libutil.so.1"),
        ("needed", "bin/python3.13", "libpthread.so.0"),
        ("ttyd", "bin/ttyd", "1.6.3"),
        ("bytecode", "asyncio", ""),
    ] {
        let shown = serde_json::to_string_pretty(findings).unwrap();
        assert!(
            found(gate, file, message),
            "no {gate} {file} {message}: {shown}"
        );
    }
}
