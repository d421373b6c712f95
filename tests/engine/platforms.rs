//! Several platforms from one machine that emulates none of them, in the forms that exporters have.

use std::fs::{self, File};
use std::path::Path;

use object::{Architecture, Object as _};
use serde_json::Value;

use crate::small::Small;
use crate::tree::{files, names};
use crate::volume::json;
use crate::workbench::{Workbench, fail, succeed};

/// The entries of the one index in a layout; none if there is a manifest instead.
fn entries(layout: &Path) -> Vec<Value> {
    let index = json(&layout.join("index.json"));
    let digest = index["manifests"][0]["digest"].as_str().unwrap();
    let inner = json(&layout.join("blobs").join(digest.replace(':', "/")));
    inner["manifests"].as_array().cloned().unwrap_or_default()
}

#[test]
fn each_platform_is_built_once_in_whatever_spelling_and_however_often_it_is_asked_for() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let folder = tempfile::tempdir().unwrap();
        let asked = "linux/amd64,linux/amd64,linux/arm64/v8";
        let build = small.build(&workbench, engine).platforms(asked);
        build.with("--provenance=mode=min").to_layout(folder.path());
        let entries = entries(folder.path());
        let platforms: Vec<_> = entries.iter().map(|entry| &entry["platform"]).collect();
        let named = |name: &str| {
            platforms
                .iter()
                .filter(|it| it["architecture"] == name)
                .count()
        };
        // Beside the two stand their attestations.
        assert_eq!(
            (named("amd64"), named("arm64"), named("unknown")),
            (1, 1, 2)
        );
    }
}

#[test]
fn programs_of_a_foreign_platform_are_its_own_and_need_no_handler_to_be_built() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let handlers = fs::read_dir("/proc/sys/fs/binfmt_misc")
        .into_iter()
        .flatten()
        .flatten();
    let handlers: Vec<_> = handlers.map(|entry| entry.file_name()).collect();
    let emulates = handlers
        .iter()
        .any(|name| name.to_string_lossy().starts_with("qemu-"));
    if emulates {
        eprintln!("skipped: this machine has handlers for foreign programs");
        return;
    }
    let small = Small::new();
    let folder = tempfile::tempdir().unwrap();
    small
        .build(&workbench, workbench.engine())
        .to_trees(folder.path());
    for (name, architecture) in [
        ("linux_amd64", Architecture::X86_64),
        ("linux_arm64", Architecture::Aarch64),
    ] {
        let python = fs::read(folder.path().join(name).join("bin/python3")).unwrap();
        let python = object::File::parse(&*python).unwrap();
        assert_eq!(python.architecture(), architecture, "{name}");
    }
}

#[test]
fn an_index_can_be_had_for_one_platform_and_no_single_tree_for_two() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let build = |platforms, value: &str| {
            let build = small.build(&workbench, engine).platforms(platforms);
            let argument = format!("BUILDKIT_MULTI_PLATFORM={value}");
            build.with("--build-arg").with(argument)
        };
        let folder = tempfile::tempdir().unwrap();
        build("linux/amd64", "1").to_layout(folder.path());
        assert_eq!(entries(folder.path()).len(), 1);
        let said = fail(&mut build("linux/amd64,linux/arm64", "0").command("type=cacheonly"));
        // Engines may notice it themselves, in words of their own.
        assert!(said.to_lowercase().contains("conflicting"), "{said}");
    }
}

#[test]
fn exporters_of_trees_give_each_platform_a_folder() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let small = Small::new();
    let folder = tempfile::tempdir().unwrap();
    let build = small.build(&workbench, workbench.engine());
    build.to_trees(&folder.path().join("trees"));
    let archive = folder.path().join("trees.tar");
    succeed(&mut build.command(&format!("type=tar,dest={}", archive.display())));

    let trees = folder.path().join("trees");
    let mut expected = names(&trees, &files(&trees));
    let mut found: Vec<_> = tar::Archive::new(File::open(archive).unwrap())
        .entries()
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| !entry.header().entry_type().is_dir())
        .map(|entry| entry.path().unwrap().into_owned())
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    for platform in ["linux_amd64", "linux_arm64"] {
        assert!(
            trees.join(platform).join("share/motd").is_file(),
            "{platform}"
        );
        let module = "lib/python3.13/site-packages/alpha.py";
        assert!(trees.join(platform).join(module).is_file(), "{platform}");
    }
}
