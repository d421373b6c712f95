//! Docker 20.10: BuildKit 0.8 over graph drivers, and a client that knows no buildx.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::small::Small;
use crate::workbench::{Engine, Workbench, fail, said, succeed};

/// `docker build` with the frontend that is loaded in the engine.
fn build(workbench: &Workbench, engine: &Engine, small: &Small, more: &[&str]) -> Command {
    let mut command = engine.docker(&["build", "--progress", "plain", "-f"]);
    command.env("DOCKER_BUILDKIT", "1").arg(small.spec());
    command.args([
        "--build-arg",
        &format!("BUILDKIT_SYNTAX={}", workbench.frontend),
    ]);
    command.args(more).arg(small.folder());
    command
}

/// The volume that an image holds.
#[track_caller]
fn taken_out(engine: &Engine, image: &str, folder: &Path) {
    let container = succeed(&mut engine.docker(&["create", image, "/nothing"]));
    let container = container.trim();
    let from = format!("{container}:/.");
    let copied = engine.docker(&["cp", &from]).arg(folder).output().unwrap();
    succeed(&mut engine.docker(&["rm", container]));
    assert!(copied.status.success(), "{}", said(&copied));
}

#[test]
fn the_oldest_engine_builds_a_volume_from_the_first_line_alone() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(engine) = workbench.engine_of("20.10") else {
        return;
    };
    let small = Small::new();
    // A name without a registry: the image is in the engine and nowhere else.
    let name = "krunner-nowhere/frontend:1";
    succeed(&mut engine.docker(&["tag", &workbench.frontend, name]));
    let spec = fs::read_to_string(small.spec()).unwrap();
    small.write("krunner.toml", &format!("# syntax={name}\n{spec}"));
    let mut command = engine.docker(&["build", "--progress", "plain", "-t", "krunner-small", "-f"]);
    succeed(
        command
            .env("DOCKER_BUILDKIT", "1")
            .arg(small.spec())
            .arg(small.folder()),
    );

    let folder = tempfile::tempdir().unwrap();
    taken_out(engine, "krunner-small", folder.path());
    for file in [
        "bin/python3.13",
        "lib/python3.13/site-packages/alpha.py",
        "share/motd",
    ] {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
}

#[test]
fn the_oldest_engine_takes_results_from_an_image() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(engine) = workbench.engine_of("20.10") else {
        return;
    };
    let small = Small::new();
    let name = format!("{}/krunner-cache:oldest", workbench.registry);
    let inline = ["-t", &name, "--build-arg", "BUILDKIT_INLINE_CACHE=1"];
    succeed(&mut build(&workbench, engine, &small, &inline));
    succeed(&mut engine.docker(&["push", &name]));
    succeed(&mut engine.docker(&["rmi", &name]));
    succeed(&mut engine.docker(&["builder", "prune", "--all", "--force"]));

    small.served.unplug();
    let output = build(&workbench, engine, &small, &["--cache-from", &name])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn the_oldest_engine_says_what_is_wrong_and_where() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(engine) = workbench.engine_of("20.10") else {
        return;
    };
    let small = Small::new();
    let said = fail(&mut build(
        &workbench,
        engine,
        &small,
        &["--target", "nosuch"],
    ));
    assert!(said.contains("nosuch") && said.contains("wheels"), "{said}");
    small.edit("strip =", "stirp =");
    let said = fail(&mut build(&workbench, engine, &small, &[]));
    let line = format!("krunner.toml:{}", small.line_of("stirp"));
    for part in ["stirp", "`strip`", &line] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
