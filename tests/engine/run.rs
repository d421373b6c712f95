//! The volume at work: built, published, pulled, mounted read-only, run on both architectures.

use std::fs;
use std::path::Path;
use std::process::Command;

use object::{Architecture, Object};

use crate::container::{Container, PYTHON, TTYD};
use crate::deployed::Deployed;
use crate::tree::{files, names, same};
use crate::volume::Build;
use crate::workbench::{Workbench, succeed};

/// What the kernel runner and its clients import.
const IMPORTS: &str = "import ssl, zlib, sqlite3, ctypes, zmq, uvloop, attrs, msgpack, janus, jupyter_client, setproctitle; print('imported')";

#[test]
fn python_and_ttyd_run_from_the_pulled_volume_on_both_architectures() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let deployed = Deployed::new(&workbench, "static-gnu");
    for platform in ["linux/amd64", "linux/arm64"] {
        let volume = deployed.path(platform);
        for image in ["plain", "glibc-2.31"] {
            let Some(container) = Container::new(&workbench, image, platform, &volume) else {
                continue;
            };
            for (program, expected) in [
                (&[PYTHON, "-c", "print('hello')"][..], "hello"),
                (&[PYTHON, "-V"][..], "Python 3.13.2"),
                (&[PYTHON, "-c", IMPORTS][..], "imported"),
                (&[TTYD, "--version"][..], "ttyd version 1.7.7"),
            ] {
                let said = container.run(program);
                assert!(
                    said.trim().starts_with(expected),
                    "{image} {platform} {program:?}: {said}"
                );
            }
        }
    }
}

#[test]
fn the_musl_volume_runs_in_an_image_with_musl_alone() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let deployed = Deployed::new(&workbench, "musl");
    for platform in ["linux/amd64", "linux/arm64"] {
        let volume = deployed.path(platform);
        let Some(container) = Container::new(&workbench, "musl", platform, &volume) else {
            continue;
        };
        let imports = "import attrs, asyncio, janus, json, msgpack, multiprocessing, setproctitle, tornado, zmq; print('imported')";
        let said = container.run(&[PYTHON, "-c", imports]);
        assert_eq!(said.trim(), "imported", "{platform}");
    }
}

#[test]
fn every_program_of_the_arm64_volume_is_for_arm64() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    if Path::new("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists() {
        eprintln!(
            "note: a handler for aarch64 is registered on this machine, so this build does not show that none is needed"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    Build::example(&workbench, workbench.engine())
        .platforms("linux/arm64")
        .to_trees(&tree);
    let mut programs = 0;
    for file in files(&tree) {
        let bytes = fs::read(&file).unwrap();
        if bytes.starts_with(b"\x7fELF") {
            let elf = object::File::parse(&*bytes).unwrap();
            assert_eq!(
                elf.architecture(),
                Architecture::Aarch64,
                "{}",
                file.display()
            );
            programs += 1;
        }
    }
    assert!(
        programs >= 8,
        "only {programs} programs and libraries were found"
    );
}

#[test]
fn the_python_layer_equals_the_distribution_byte_for_byte() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for (architecture, platform) in [("amd64", "linux/amd64"), ("arm64", "linux/arm64")] {
        let folder = tempfile::tempdir().unwrap();
        let (tree, distribution) = (
            folder.path().join("tree"),
            folder.path().join("distribution"),
        );
        let build = Build::example(&workbench, workbench.engine()).platforms(platform);
        build.with("--target").with("python").to_trees(&tree);
        fs::create_dir(&distribution).unwrap();
        let context = &workbench.example().contexts[&format!("python-{architecture}")];
        let archive = fs::read_dir(context)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let mut unpack = Command::new("tar");
        unpack
            .arg("xf")
            .arg(archive)
            .arg("-C")
            .arg(&distribution)
            .arg("--strip-components=1");
        succeed(&mut unpack);
        let dropped = |name: &Path| {
            let name = name.to_string_lossy();
            name.starts_with("bin/pip") || name.starts_with("lib/python3.13/site-packages/pip")
        };
        let mut theirs = names(&distribution, &files(&distribution));
        theirs.retain(|name| !dropped(name));
        assert_eq!(names(&tree, &files(&tree)), theirs);
        for name in theirs {
            assert!(
                same(&tree.join(&name), &distribution.join(&name)),
                "{} differs",
                name.display()
            );
        }
    }
}
