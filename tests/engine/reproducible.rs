//! Same inputs, same bytes: across runs, across engines, and stage by stage.

use std::path::Path;

use tempfile::TempDir;

use crate::volume::{Build, Copy, diff_ids, json};
use crate::workbench::{Workbench, krunner, succeed};

/// Publishes a layout into a fresh folder and returns it with the index digest.
#[track_caller]
fn publish(layout: &Path) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("oci:{}:15", folder.path().join("artifact").display());
    succeed(&mut krunner(
        folder.path(),
        &["publish", &format!("oci:{}", layout.display()), &target],
    ));
    let index = json(&folder.path().join("artifact/index.json"));
    let digest = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
    (folder, digest)
}

#[test]
fn two_builds_without_cache_publish_the_same_index() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut digests = Vec::new();
    for run in ["one", "two"] {
        let layout = folder.path().join(run);
        // ttyd's compile is minutes long; its own reproducibility is pinned by the stage's engines test below.
        let build = Build::named(&workbench, workbench.engine(), "any")
            .with("--no-cache-filter")
            .with("runtime,python,wheels,base");
        build.to_layout(&layout);
        digests.push(publish(&layout).1);
    }
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn two_engines_make_the_same_layers() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(other) = workbench.engine_of("28.5") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("26.1"), folder.path().join("28.5"));
    for example in ["any", "static-gnu"] {
        let (here, there) = (here.join(example), there.join(example));
        Build::named(&workbench, workbench.engine(), example).to_layout(&here);
        Build::named(&workbench, other, example).to_layout(&there);
        assert_eq!(diff_ids(&here), diff_ids(&there), "{example}");
    }
    let [here, there] = [here, there].map(|folder| publish(&folder.join("any")).1);
    assert_eq!(here, there);
}

#[test]
fn a_package_that_goes_takes_its_layer_along_and_changes_no_other() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    Build::example(&workbench, workbench.engine()).to_layout(&before);

    let copy = Copy::of_example(&workbench);
    // Another installed set: the lock without one package is the smallest change that needs no index.
    copy.rewrite("pylock.toml", |text| {
        let (head, rest) = text.split_once("[[packages]]").unwrap();
        let kept = rest
            .split("[[packages]]")
            .filter(|package| !package.contains("name = \"setproctitle\""));
        kept.fold(head.to_owned(), |text, package| {
            text + "[[packages]]" + package
        })
    });
    Build::of(&workbench, workbench.engine(), &copy.spec()).to_layout(&after);

    let (before, after) = (diff_ids(&before), diff_ids(&after));
    for (platform, old) in before {
        let new = &after[&platform];
        let gone = old.iter().filter(|layer| !new.contains(layer)).count();
        let stays: Vec<_> = old
            .into_iter()
            .filter(|layer| new.contains(layer))
            .collect();
        assert_eq!((gone, &stays), (1, new), "{platform}");
    }
}
