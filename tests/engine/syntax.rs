//! The spec's first line alone chooses the frontend.

use std::fs;

use serde_json::Value;

use crate::volume::Copy;
use crate::workbench::{Workbench, succeed};

#[test]
fn a_first_line_that_names_a_registry_on_loopback_is_all_it_takes() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let copy = Copy::of_example(&workbench);
    let archive = fs::read_dir(&workbench.example().contexts["python-amd64"])
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::copy(archive, copy.folder().join("python.tar.gz")).unwrap();
    let spec = format!(
        r#"# syntax={}

[volume]
name = "static-gnu"
version = 15
libc = "gnu"
platforms = ["linux/amd64"]

[python]
version = "3.13.2"
strip = "python"
amd64 = {{ path = "python.tar.gz" }}

[wheels]
lock = "pylock.toml"
glibc = "2.17"
"#,
        workbench.frontend_in_registry
    );
    fs::write(copy.spec(), spec).unwrap();
    let out = tempfile::tempdir().unwrap();
    let output = format!("type=local,dest={}", out.path().display());
    succeed(
        workbench
            .engine()
            .docker(&["buildx", "build", "--output", &output, "-f"])
            .arg(copy.spec())
            .arg(copy.folder()),
    );
    assert!(out.path().join("bin/python3.13").is_file());
    assert!(out.path().join("lib/python3.13/site-packages/zmq").is_dir());
}

#[test]
fn the_frontends_image_says_what_it_takes_and_needs_no_network() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let inspect = [
        "image",
        "inspect",
        "--format",
        "{{json .Config}}",
        &workbench.frontend,
    ];
    let said = succeed(&mut workbench.engine().docker(&inspect));
    let config: Value = serde_json::from_str(&said).unwrap();
    let labels = &config["Labels"];
    assert_eq!(labels["moby.buildkit.frontend.network.none"], "true");
    let caps = labels["moby.buildkit.frontend.caps"].as_str().unwrap();
    let caps: Vec<&str> = caps.split(',').collect();
    for cap in ["inputs", "subrequests", "contexts", "gitquerystring"] {
        assert!(
            caps.contains(&&*format!("moby.buildkit.frontend.{cap}")),
            "{cap}: {caps:?}"
        );
    }
}

#[test]
fn the_frontends_image_is_one_small_program() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(mut skopeo) = workbench.tool("skopeo") else {
        return;
    };
    let run = [
        "run",
        "--rm",
        "--network",
        "none",
        &workbench.frontend,
        "--version",
    ];
    let said = succeed(&mut workbench.engine().docker(&run));
    assert!(said.starts_with("krunner-frontend "), "{said}");

    let image = format!("docker://{}", workbench.frontend_in_registry);
    let said = succeed(skopeo.args(["inspect", "--raw", "--tls-verify=false", &image]));
    let manifest: Value = serde_json::from_str(&said).unwrap();
    // Every build on every machine pulls it.
    let layers = manifest["layers"].as_array().unwrap().iter();
    let size: u64 = layers.map(|layer| layer["size"].as_u64().unwrap()).sum();
    assert!(size < 5_000_000, "{size} bytes");
}
