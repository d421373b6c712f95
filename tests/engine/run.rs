//! The volume at work: built, published, pulled, mounted read-only, run on both architectures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Architecture, Object};

use crate::volume::Build;
use crate::workbench::{Workbench, krunner, succeed};

/// What the kernel runner and its clients import.
const IMPORTS: &str = "import ssl, zlib, sqlite3, ctypes, zmq, uvloop, attrs, msgpack, janus, jupyter_client, setproctitle; print('imported')";

/// A platform's volume in a fresh store, by way of the registry.
struct Deployed {
    folder: tempfile::TempDir,
    reference: String,
}

impl Deployed {
    fn new(workbench: &Workbench) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = folder.path().join("layout");
        Build::example(workbench, workbench.engine()).to_layout(&layout);
        let reference = format!("{}/krunner-run:15-gnu", workbench.registry);
        succeed(&mut krunner(
            folder.path(),
            &["publish", &format!("oci:{}", layout.display()), &reference],
        ));
        Self { folder, reference }
    }

    fn path(&self, platform: &str) -> PathBuf {
        let store = self.folder.path().join("store");
        succeed(&mut krunner(
            &store,
            &["pull", &self.reference, "--platform", platform],
        ));
        succeed(&mut krunner(
            &store,
            &["path", &self.reference, "--platform", platform],
        ))
        .trim()
        .into()
    }
}

/// `docker run` of a program of the volume, emulated where the platform is foreign.
fn run(workbench: &Workbench, platform: &str, volume: &Path, program: &[&str]) -> Option<Command> {
    let mut command = workbench.engine().docker(&[
        "run",
        "--rm",
        "--network",
        "none",
        "--read-only",
        "--platform",
        platform,
    ]);
    command
        .arg("-v")
        .arg(format!("{}:/opt/backend.ai:ro", volume.display()));
    let foreign = platform != "linux/amd64";
    if foreign {
        let Some(emulator) = workbench.emulators.get(platform) else {
            eprintln!("skipped: no emulator for {platform}");
            return None;
        };
        command
            .arg("-v")
            .arg(format!("{}:/emulator:ro", emulator.display()));
    }
    command.arg(&workbench.images[platform]);
    command.args(foreign.then_some("/emulator")).args(program);
    Some(command)
}

#[test]
fn python_and_ttyd_run_from_the_pulled_volume_on_both_architectures() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let deployed = Deployed::new(&workbench);
    for platform in ["linux/amd64", "linux/arm64"] {
        let volume = deployed.path(platform);
        for (program, expected) in [
            (
                &["/opt/backend.ai/bin/python", "-c", "print('hello')"][..],
                "hello",
            ),
            (&["/opt/backend.ai/bin/python", "-V"][..], "Python 3.13.2"),
            (
                &["/opt/backend.ai/bin/python", "-c", IMPORTS][..],
                "imported",
            ),
            (
                &["/opt/backend.ai/bin/ttyd", "--version"][..],
                "ttyd version 1.7.7",
            ),
        ] {
            let Some(mut command) = run(&workbench, platform, &volume, program) else {
                continue;
            };
            let said = succeed(&mut command);
            assert!(
                said.trim().starts_with(expected),
                "{platform} {program:?}: {said}"
            );
        }
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
        let context = &workbench.contexts[&format!("python-{architecture}")];
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

/// Regular files and links below `root`, sorted.
fn files(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn names(root: &Path, files: &[PathBuf]) -> Vec<PathBuf> {
    files
        .iter()
        .map(|file| file.strip_prefix(root).unwrap().to_owned())
        .collect()
}

fn same(one: &Path, other: &Path) -> bool {
    if one.is_symlink() || other.is_symlink() {
        return fs::read_link(one).ok() == fs::read_link(other).ok();
    }
    fs::read(one).unwrap() == fs::read(other).unwrap()
}
