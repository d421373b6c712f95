//! Other people's tools accept what we publish.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;

use crate::volume::Build;
use crate::workbench::{Workbench, krunner, succeed};

/// What this run of the tests has published, by compression.
static PUBLISHED: Mutex<BTreeMap<&str, String>> = Mutex::new(BTreeMap::new());

/// Publishes the example to the registry and returns `HOST/NAME:TAG`.
#[track_caller]
fn published(workbench: &Workbench) -> String {
    published_as(workbench, "zstd")
}

/// The same with the layers in a compression of choice.
#[track_caller]
fn published_as(workbench: &Workbench, compression: &'static str) -> String {
    let mut published = PUBLISHED.lock().unwrap();
    if let Some(reference) = published.get(compression) {
        return reference.clone();
    }
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("layout");
    Build::example(workbench, workbench.engine()).to_layout(&layout);
    let reference = format!("{}/krunner-witness:15-{compression}", workbench.registry);
    let source = format!("oci:{}", layout.display());
    let arguments = ["publish", &source, &reference, "--compression", compression];
    succeed(&mut krunner(folder.path(), &arguments));
    published.insert(compression, reference.clone());
    reference
}

#[test]
fn skopeo_inspects_it() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(mut skopeo) = workbench.tool("skopeo") else {
        return;
    };
    let reference = format!("docker://{}", published(&workbench));
    let said = succeed(skopeo.args([
        "inspect",
        "--tls-verify=false",
        "--override-arch",
        "arm64",
        &reference,
    ]));
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(document["Architecture"], "arm64");
    // Those of 13 packages, and `python`, `ttyd` and `base`.
    assert_eq!(document["Layers"].as_array().unwrap().len(), 13 + 3);
}

#[test]
fn oras_fetches_its_manifest_and_pulls_its_layers() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(mut fetch) = workbench.tool("oras") else {
        return;
    };
    let reference = published(&workbench);
    let said = succeed(fetch.args([
        "manifest",
        "fetch",
        "--plain-http",
        "--platform",
        "linux/amd64",
        &reference,
    ]));
    let manifest: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        manifest["artifactType"],
        "application/vnd.backendai.krunner.volume.v1"
    );

    let Some(mut pull) = workbench.tool("oras") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    succeed(
        pull.args([
            "pull",
            "--plain-http",
            "--platform",
            "linux/amd64",
            &reference,
            "-o",
        ])
        .arg(folder.path()),
    );
    for layer in ["python", "wheels-attrs", "wheels-uvloop", "ttyd", "base"] {
        assert!(
            folder.path().join(format!("{layer}.tar.zst")).is_file(),
            "{layer}"
        );
    }
}

/// crane 0.20 takes every layer for gzip when it recomputes `diff_ids`, so zstd layers get its other checks.
#[test]
fn crane_validates_every_byte_of_it() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for (compression, more) in [("gzip", None), ("zstd", Some("--fast"))] {
        let Some(mut crane) = workbench.tool("crane") else {
            return;
        };
        crane.args([
            "validate",
            "--insecure",
            "--remote",
            &published_as(&workbench, compression),
        ]);
        succeed(crane.args(more));
    }
}

#[test]
fn engines_pull_it_and_the_newest_mounts_it() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let reference = published(&workbench);
    for (version, engine) in &workbench.engines {
        // Docker 20.10 knows no zstd.
        let gzip = (version == "20.10").then(|| published_as(&workbench, "gzip"));
        succeed(&mut engine.docker(&["pull", gzip.as_ref().unwrap_or(&reference)]));
    }
    let Some(newest) = workbench.engine_of("28.5") else {
        return;
    };
    let mount = format!("type=image,source={reference},target=/opt/backend.ai");
    let mut run: Command = newest.docker(&["run", "--rm", "--network", "none", "--mount", &mount]);
    run.arg(&workbench.images["plain"]["linux/amd64"]).args([
        "/opt/backend.ai/bin/python",
        "-c",
        "print('hello')",
    ]);
    assert_eq!(succeed(&mut run).trim(), "hello");
}
