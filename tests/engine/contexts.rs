//! Where a spec and its inputs come from: repositories, archives, standard input, other builds, folders of images.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::small::{Small, distribution, interpreter};
use crate::volume::Build;
use crate::workbench::{Workbench, said, succeed};

/// Builds for the engine's own platform into a folder, which must then hold the volume.
#[track_caller]
fn builds(build: Build<'_>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    build.platforms("linux/amd64").to_trees(folder.path());
    assert!(folder.path().join("share/motd").is_file());
    folder
}

#[test]
fn a_repository_is_a_context() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(small) = Small::in_repository() else {
        return;
    };
    for engine in workbench.modern() {
        let address = small.served.url("/repo.git#main");
        builds(
            small
                .build(&workbench, engine)
                .from(&address, "krunner.toml"),
        );
    }
}

#[test]
fn an_archive_is_a_context() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let small = Small::new();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_dir_all(".", small.folder()).unwrap();
    small
        .served
        .add("/context.tar", archive.into_inner().unwrap());
    for engine in workbench.modern() {
        let address = small.served.url("/context.tar");
        builds(
            small
                .build(&workbench, engine)
                .from(&address, "krunner.toml"),
        );
    }
}

#[test]
fn a_spec_is_read_from_standard_input() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let folder = tempfile::tempdir().unwrap();
        let output = format!("type=local,dest={}", folder.path().display());
        let context = small.folder().display().to_string();
        let build = small.build(&workbench, engine).from(&context, "-");
        let mut command = build.platforms("linux/amd64").command(&output);
        written_to(&mut command, &fs::read(small.spec()).unwrap());
        assert!(folder.path().join("share/motd").is_file());
    }
}

/// Runs to success with something on standard input.
#[track_caller]
fn written_to(command: &mut Command, bytes: &[u8]) {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", said(&output));
}

#[test]
fn a_repository_is_a_context_with_its_branch_in_a_query() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    // Older clients take such an address for that of an archive.
    let Some(engine) = workbench.engine_of("28.5") else {
        return;
    };
    let Some(small) = Small::in_repository() else {
        return;
    };
    let address = small.served.url("/repo.git?ref=main");
    let build = small
        .build(&workbench, engine)
        .with("--build-arg")
        .with("BUILDX_SEND_GIT_QUERY_AS_INPUT=0");
    builds(build.from(&address, "krunner.toml"));
}

#[test]
fn a_named_context_stands_for_an_input_and_an_unknown_one_for_nothing() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let other = tempfile::tempdir().unwrap();
        let bytes = distribution("named otherwise", &interpreter());
        fs::write(other.path().join("python.tar"), bytes).unwrap();
        let python = format!("python-amd64={}", other.path().display());
        let unknown = format!("nobody-asks={}", other.path().display());
        let build = small.build(&workbench, engine);
        let build = build
            .with("--build-context")
            .with(python)
            .with("--build-context")
            .with(unknown);
        let folder = builds(build);
        let os = fs::read_to_string(folder.path().join("lib/python3.13/os.py")).unwrap();
        assert_eq!(os, "# named otherwise\n");
        let asked = small.served.take_asked();
        assert!(
            !asked.iter().any(|path| path.contains("python-amd64")),
            "{asked:?}"
        );
    }
}

#[test]
fn a_stage_that_was_built_before_stands_for_an_input_as_a_folder_of_an_image() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let folder = tempfile::tempdir().unwrap();
        let layout = folder.path().join("layout");
        let one = small.build(&workbench, engine).platforms("linux/amd64");
        one.with("--target").with("python").to_layout(&layout);

        // Nothing but the image has that interpreter.
        let other = Small::new();
        other.edit("strip = \"python\"\n", "");
        let context = format!("python-amd64=oci-layout://{}", layout.display());
        let folder = builds(
            other
                .build(&workbench, engine)
                .with("--build-context")
                .with(context),
        );
        let os = fs::read_to_string(folder.path().join("lib/python3.13/os.py")).unwrap();
        assert_eq!(os, format!("# {}\n", small.mark));
    }
}

#[test]
fn another_target_of_a_bake_file_stands_for_an_input() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let made = tempfile::tempdir().unwrap();
        fs::write(
            made.path().join("python.tar"),
            distribution("made by bake", &interpreter()),
        )
        .unwrap();
        fs::write(
            made.path().join("Dockerfile"),
            "FROM scratch\nCOPY python.tar /\n",
        )
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        small.write(
            "docker-bake.json",
            &bake(&workbench, made.path(), folder.path()),
        );
        let mut bake = engine.docker(&["buildx", "bake", "--progress", "plain", "volume"]);
        // Newer clients ask before they read and write elsewhere.
        bake.env("BUILDX_BAKE_ENTITLEMENTS_FS", "0");
        succeed(bake.current_dir(small.folder()));
        let os = fs::read_to_string(folder.path().join("lib/python3.13/os.py")).unwrap();
        assert_eq!(os, "# made by bake\n");
    }
}

/// A file with two targets, the first of which makes the Python of the second.
fn bake(workbench: &Workbench, made: &Path, out: &Path) -> String {
    serde_json::json!({
        "target": {
            "made": { "context": made },
            "volume": {
                "dockerfile": "krunner.toml",
                "contexts": { "python-amd64": "target:made" },
                "platforms": ["linux/amd64"],
                "args": { "BUILDKIT_SYNTAX": workbench.frontend },
                "output": [format!("type=local,dest={}", out.display())],
            },
        },
    })
    .to_string()
}

#[test]
fn a_frontend_that_was_never_published_runs_from_a_folder() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(mut skopeo) = workbench.tool("skopeo") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("frontend");
    let from = format!("docker://{}", workbench.frontend_in_registry);
    succeed(
        skopeo
            .args(["copy", "--src-tls-verify=false", &from])
            .arg(format!("oci:{}:1", layout.display())),
    );
    for engine in workbench.modern() {
        let small = Small::new();
        let spec = fs::read_to_string(small.spec()).unwrap();
        small.write(
            "krunner.toml",
            &format!("# syntax=example.org/nobody/has-it:1\n{spec}"),
        );
        let out = tempfile::tempdir().unwrap();
        let context = format!(
            "example.org/nobody/has-it:1=oci-layout://{}:1",
            layout.display()
        );
        let mut build =
            engine.docker(&["buildx", "build", "--build-context", &context, "--output"]);
        build.arg(format!("type=local,dest={}", out.path().display()));
        succeed(build.arg("-f").arg(small.spec()).arg(small.folder()));
        assert!(out.path().join("share/motd").is_file());
    }
}
