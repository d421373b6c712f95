//! What the command line of a build sets.

use serde_json::Value;

use crate::progress::Progress;
use crate::small::Small;
use crate::volume::{Build, json, manifests};
use crate::workbench::{Workbench, succeed};

#[test]
fn an_argument_that_nobody_declared_is_warned_of_once_and_stops_nothing() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let build = small
            .build(&workbench, engine)
            .with("--build-arg")
            .with("UNKNOWN=1");
        let progress = Progress::of_success(build, "type=cacheonly");
        let [warning] = progress.warnings.as_slice() else {
            panic!("{:?}", progress.warnings);
        };
        assert!(warning.contains("UNKNOWN"), "{warning}");
    }
}

#[test]
fn labels_of_the_command_line_go_over_those_of_the_spec() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        small.edit(
            "[python]",
            "[labels]\nours = \"spec\"\nboth = \"spec\"\n\n[python]",
        );
        let folder = tempfile::tempdir().unwrap();
        let build = small.build(&workbench, engine);
        let build = build
            .with("--label")
            .with("both=line")
            .with("--label")
            .with("theirs=line");
        build.to_layout(folder.path());
        for manifest in manifests(folder.path()).values() {
            let digest = manifest["config"]["digest"].as_str().unwrap();
            let config = json(&folder.path().join("blobs").join(digest.replace(':', "/")));
            let labels = &config["config"]["Labels"];
            let found =
                ["ours", "both", "theirs"].map(|name| labels[name].as_str().unwrap().to_owned());
            assert_eq!(found, ["spec", "line", "line"]);
        }
    }
}

#[test]
fn annotations_of_spec_and_command_line_reach_manifests_and_the_index() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        small.edit("[python]", "[annotations]\nours = \"spec\"\n\n[python]");
        let folder = tempfile::tempdir().unwrap();
        let layout = folder.path().join("two");
        let build = small.build(&workbench, engine);
        let build = build.with("--annotation").with("index:theirs=line");
        let build = build.with("--annotation").with("manifest:theirs=line");
        build.to_layout(&layout);
        for manifest in manifests(&layout).values() {
            let annotations = &manifest["annotations"];
            assert_eq!(
                (&annotations["ours"], &annotations["theirs"]),
                (&"spec".into(), &"line".into())
            );
        }
        let index = json(&layout.join("index.json"));
        let digest = index["manifests"][0]["digest"].as_str().unwrap();
        let inner: Value = json(&layout.join("blobs").join(digest.replace(':', "/")));
        assert_eq!(inner["annotations"]["theirs"], "line");

        // A single manifest has no index to annotate, and that is no error.
        let layout = folder.path().join("one");
        small
            .build(&workbench, engine)
            .platforms("linux/amd64")
            .to_layout(&layout);
        for manifest in manifests(&layout).values() {
            assert_eq!(manifest["annotations"]["ours"], "spec");
        }
    }
}

#[test]
fn sixty_downloads_are_shown_as_one() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let small = Small::new();
    let names: Vec<String> = (0..60).map(|number| format!("package{number}")).collect();
    let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1.0")).collect();
    small.lock(&packages);
    for engine in workbench.modern() {
        let progress = Progress::of_success(small.build(&workbench, engine), "type=cacheonly");
        let downloads = progress
            .vertices()
            .filter(|vertex| vertex.name.starts_with("[wheels] download"));
        let groups: Vec<_> = downloads
            .map(|vertex| vertex.group.clone().unwrap())
            .collect();
        assert_eq!(groups.len(), 120);
        assert!(groups.iter().all(|group| *group == groups[0]));
        assert_eq!(groups[0].name, "[wheels] download wheels");
        for vertex in progress.vertices() {
            let name = &vertex.name;
            let known = ["[", "resolve", "docker-image", "load", "exporting", "merge"];
            assert!(known.iter().any(|start| name.starts_with(start)), "{name}");
        }
    }
}

#[test]
fn what_steps_are_given_stands_in_the_graph() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for (version, flag) in [("26.1", "--print"), ("28.5", "--call")] {
        let Some(engine) = workbench.engine_of(version) else {
            continue;
        };
        let small = Small::new();
        let given = [
            ["--add-host", "mirror:10.1.2.3"],
            ["--shm-size", "128m"],
            ["--ulimit", "nofile=123:456"],
            ["--cgroup-parent", "builders"],
            ["--network", "host"],
        ];
        let build = given
            .concat()
            .into_iter()
            .fold(small.build(&workbench, engine), Build::with);
        let mut call = build.call(flag, "convertllb");
        let graph: Value =
            serde_json::from_str(&succeed(call.env("BUILDX_EXPERIMENTAL", "1"))).unwrap();
        let graph = graph["def"].to_string();
        for part in ["10.1.2.3", "134217728", "nofile", "456", "builders", "HOST"] {
            assert!(graph.contains(part), "{part}: {graph}");
        }
    }
}
