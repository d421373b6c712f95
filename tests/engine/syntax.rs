//! The spec's first line alone chooses the frontend.

use std::fs;

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
