//! What runs again, and what does not.

use std::collections::BTreeMap;
use std::fs;

use crate::progress::Progress;
use crate::small::Small;
use crate::volume::diff_ids;
use crate::workbench::{Engine, Workbench, succeed};

const NOWHERE: &str = "type=cacheonly";
const NOTHING: [&str; 0] = [];

/// The stages whose steps ran, of `python`, `wheels` and `base`, once for each platform.
fn stages(progress: &Progress) -> Vec<&'static str> {
    let step = |name: &str| {
        let of = |stage: &&&str| {
            let starts = ["", "linux/amd64 ", "linux/arm64 "].iter();
            let mut starts = starts.map(|platform| format!("[{platform}{stage}] "));
            starts.any(|start| name.starts_with(&start) && !name.contains("] download "))
        };
        ["python", "wheels", "base"].iter().find(of).copied()
    };
    let mut stages: Vec<_> = progress.ran().filter_map(step).collect();
    stages.sort_unstable();
    stages
}

fn of(small: &Small, workbench: &Workbench, engine: &Engine, more: &[&str]) -> Progress {
    let build = small.build(workbench, engine);
    let build = more.iter().fold(build, |build, word| build.with(*word));
    Progress::of_success(build, NOWHERE)
}

#[test]
fn a_second_build_runs_nothing_and_asks_nobody() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let first = of(&small, &workbench, engine, &["--no-cache"]);
        assert_eq!(
            stages(&first),
            ["base", "base", "python", "python", "wheels", "wheels"]
        );
        small.served.take_asked();

        small.served.unplug();
        let second = of(&small, &workbench, engine, &[]);
        assert_eq!(stages(&second), NOTHING, "{}", second.said);
    }
}

#[test]
fn what_runs_again_is_chosen_by_stage() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        of(&small, &workbench, engine, &[]);
        let all = of(&small, &workbench, engine, &["--no-cache"]);
        assert_eq!(
            stages(&all),
            ["base", "base", "python", "python", "wheels", "wheels"]
        );
        let wheels = of(&small, &workbench, engine, &["--no-cache-filter", "Wheels"]);
        assert_eq!(stages(&wheels), ["wheels", "wheels"], "{}", wheels.said);
    }
}

#[test]
fn what_needs_a_tree_that_is_made_again_alike_does_not_run() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        of(&small, &workbench, engine, &[]);
        let drop = "[slim.drop]\n\"share/nothing/**\" = \"It was never there\"\n\n[wheels]";
        small.edit("[wheels]", drop);
        let again = of(&small, &workbench, engine, &[]);
        let expected = ["python", "python", "wheels", "wheels"];
        assert_eq!(stages(&again), expected, "{}", again.said);
    }
}

#[test]
fn another_version_of_a_package_changes_its_layer_alone() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let folder = tempfile::tempdir().unwrap();
        let (before, after) = (folder.path().join("before"), folder.path().join("after"));
        small.build(&workbench, engine).to_layout(&before);
        small.lock(&[("alpha", "1.0"), ("beta", "1.1")]);
        let progress = of(&small, &workbench, engine, &[]);
        // One step makes the layers of all packages, and the last stage looks at all the others.
        assert_eq!(
            stages(&progress),
            ["base", "base", "wheels", "wheels"],
            "{}",
            progress.said
        );
        small.build(&workbench, engine).to_layout(&after);
        let (before, after) = (diff_ids(&before), diff_ids(&after));
        for (platform, old) in &before {
            let new = &after[platform];
            let changed: Vec<bool> = old.iter().zip(new).map(|(old, new)| old != new).collect();
            assert_eq!(
                changed,
                [false, false, true, false],
                "{platform}: python, alpha, beta, base"
            );
        }
    }
}

#[test]
fn what_the_network_is_told_about_proxies_runs_nothing_again() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        of(&small, &workbench, engine, &[]);
        let proxy = ["--build-arg", "https_proxy=http://user:secret@127.0.0.1:1"];
        let again = of(&small, &workbench, engine, &proxy);
        assert_eq!(stages(&again), NOTHING, "{}", again.said);
        assert_eq!(again.warnings, Vec::<String>::new());
    }
}

/// Builds with the cache going to a place, lets the engine forget all of it, and builds with the cache
/// coming from there, when nobody serves the inputs any more.
#[track_caller]
fn comes_back(workbench: &Workbench, to: &str, from: &str, output: &str) {
    for version in ["26.1", "28.5"] {
        let Some((engine, frontend)) = workbench.engine_of(version).zip(elsewhere(workbench))
        else {
            continue;
        };
        let small = Small::new();
        let before = records(engine);
        let build = || {
            let build = small.build(workbench, engine).with("--build-arg");
            build.with(format!("BUILDKIT_SYNTAX={frontend}"))
        };
        succeed(&mut build().with("--cache-to").with(to).command(output));
        let mut made = records(engine);
        made.retain(|id, _| !before.contains_key(id));
        assert!(made.values().any(|about| about.contains(&frontend)));
        let made: Vec<String> = made.into_keys().collect();
        let filter = format!("id=\"{}\"", made.join("|"));
        let forget = ["buildx", "prune", "--all", "--force", "--filter", &filter];
        succeed(&mut engine.docker(&forget));
        let mut left = records(engine);
        left.retain(|id, _| made.contains(id));
        assert_eq!(left, BTreeMap::new());
        small.served.unplug();
        let progress = Progress::of_success(build().with("--cache-from").with(from), NOWHERE);
        assert_eq!(stages(&progress), NOTHING, "{}", progress.said);
    }
}

/// The frontend in an image that no engine has had yet: as on a new engine, it is pulled before the cache is known.
fn elsewhere(workbench: &Workbench) -> Option<String> {
    let mut crane = workbench.tool("crane")?;
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    let layer = folder.path().join("layer.tar");
    let mut tar = tar::Builder::new(fs::File::create(&layer).unwrap());
    tar.append_data(&mut tar::Header::new_gnu(), name, &[][..])
        .unwrap();
    tar.finish().unwrap();
    let tag = name.trim_start_matches('.').to_lowercase();
    let image = format!("{}/krunner/elsewhere:{tag}", workbench.registry);
    crane.args(["append", "--insecure", "--base", &workbench.frontend]);
    succeed(
        crane
            .arg("--new_layer")
            .arg(&layer)
            .args(["--new_tag", &image]),
    );
    Some(image)
}

/// What an engine has in its cache: what each is, by its identity.
fn records(engine: &Engine) -> BTreeMap<String, String> {
    let said = succeed(&mut engine.docker(&["buildx", "du", "--verbose"]));
    let mut records = BTreeMap::new();
    let mut id = "";
    for line in said.lines() {
        let (key, value) = line.split_once(':').unwrap_or_default();
        match key {
            "ID" => id = value.trim(),
            "Description" => drop(records.insert(id.to_owned(), value.trim().to_owned())),
            _ => {}
        }
    }
    records
}

#[test]
fn forgotten_results_come_back_from_a_folder() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let (to, from) = (
        format!("type=local,dest={place},mode=max"),
        format!("type=local,src={place}"),
    );
    comes_back(&workbench, &to, &from, NOWHERE);
}

#[test]
fn forgotten_results_come_back_from_a_registry() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let from = format!("type=registry,ref={}/krunner-cache:max", workbench.registry);
    comes_back(&workbench, &format!("{from},mode=max"), &from, NOWHERE);
}

#[test]
fn forgotten_results_come_back_from_an_image() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let place = format!("{}/krunner-cache:inline", workbench.registry);
    let from = format!("type=registry,ref={place}");
    let output = format!("type=image,name={place},push=true");
    comes_back(&workbench, "type=inline", &from, &output);
}
