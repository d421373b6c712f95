//! What is asked of the frontend besides a build, by the clients that people have.

use std::process::Command;

use serde_json::{Value, json};

use crate::small::Small;
use crate::volume::Build;
use crate::workbench::{Engine, Workbench, said};

/// The old client's flag for a call, and the new one's.
const FLAGS: [(&str, &str); 2] = [("26.1", "--print"), ("28.5", "--call")];

/// Makes a call and returns stdout, all that was said, and the exit code.
fn call(build: &Build<'_>, flag: &str, name: &str) -> (String, String, Option<i32>) {
    let mut command: Command = build.call(flag, name);
    let output = command.env("BUILDX_EXPERIMENTAL", "1").output().unwrap();
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    let said = said(&output);
    // Clients ask that frontend when ours does not know a call.
    assert!(!said.contains("docker/dockerfile"), "{said}");
    (stdout, said, output.status.code())
}

/// Each engine with the client that comes with it.
fn clients(workbench: &Workbench) -> impl Iterator<Item = (&Engine, &'static str)> {
    let there = |(version, flag)| Some((workbench.engine_of(version)?, flag));
    FLAGS.into_iter().filter_map(there)
}

/// Calls with `format=json`.
#[track_caller]
fn data(build: &Build<'_>, flag: &str, name: &str) -> Value {
    let (stdout, said, code) = call(build, flag, &format!("{name},format=json"));
    assert_eq!(code, Some(0), "{said}");
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn a_check_is_clean_or_names_the_rule_its_page_and_the_line() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for (engine, flag) in clients(&workbench) {
        let small = Small::new();
        let name = if flag == "--call" { "check" } else { "lint" };
        let (_, said, code) = call(&small.build(&workbench, engine), flag, name);
        assert_eq!(code, Some(0), "{said}");
        if flag == "--call" {
            assert!(
                said.contains("Check complete, no warnings found."),
                "{said}"
            );
        }

        small.edit("amd64 = {", "amd64 = { path = \"python.tar\" } # {");
        let line = small.line_of("python.tar");
        let (_, said, code) = call(&small.build(&workbench, engine), flag, name);
        // The old client knows no status of a call.
        assert_eq!(code, Some(i32::from(flag == "--call")), "{said}");
        for part in [
            "UnpinnedInput",
            "docs/lint",
            &format!("krunner.toml:{line}"),
            ">>>",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }

        if flag == "--print" {
            // It prints the text of calls that it does not know, whatever it is asked for.
            continue;
        }
        let (stdout, ..) = call(&small.build(&workbench, engine), flag, "check,format=json");
        let found: Value = serde_json::from_str(&stdout).unwrap();
        let [warning] = found["warnings"].as_array().unwrap().as_slice() else {
            panic!("{found}");
        };
        assert_eq!(warning["ruleName"], "UnpinnedInput");
        assert_eq!(
            warning["location"]["ranges"][0]["start"]["line"],
            json!(line)
        );
        assert_eq!(found["sources"][0]["filename"], "krunner.toml");
    }
}

#[test]
fn a_check_shows_what_is_wrong_at_its_line() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(engine) = workbench.engine_of("28.5") else {
        return;
    };
    let small = Small::new();
    small.edit("strip =", "stirp =");
    let (_, said, code) = call(&small.build(&workbench, engine), "--call", "check");
    assert_eq!(code, Some(1), "{said}");
    let line = format!("krunner.toml:{}", small.line_of("stirp"));
    for part in ["stirp", "strip", &line] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn the_outline_lists_arguments_with_their_lines() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for (engine, flag) in clients(&workbench) {
        let small = Small::new();
        small.edit(
            "[python]",
            "[args]\nMIRROR = { default = \"a\", description = \"Where files come from\" }\n\n[labels]\nmirror = \"${MIRROR}\"\n\n[python]",
        );
        let build = small
            .build(&workbench, engine)
            .with("--build-arg")
            .with("MIRROR=b");
        let (_, said, code) = call(&build, flag, "outline");
        assert_eq!(code, Some(0), "{said}");
        assert!(
            said.contains("MIRROR") && said.contains("Where files come from"),
            "{said}"
        );

        let outline = data(&build, flag, "outline");
        assert_eq!(outline["name"], "volume");
        let argument = &outline["args"][0];
        assert_eq!(
            (&argument["name"], &argument["value"]),
            (&json!("MIRROR"), &json!("b"))
        );
        let line = small.line_of("MIRROR = {");
        assert_eq!(
            argument["location"]["ranges"][0]["start"]["line"],
            json!(line)
        );

        let outline = data(&build.with("--target").with("wheels"), flag, "outline");
        assert_eq!(outline["name"], "wheels");
    }
}

#[test]
fn the_targets_are_the_stages_of_the_spec() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for (engine, flag) in clients(&workbench) {
        let small = Small::new();
        let targets = data(&small.build(&workbench, engine), flag, "targets");
        let targets = targets["targets"].as_array().unwrap();
        let names: Vec<_> = targets
            .iter()
            .map(|target| target["name"].as_str().unwrap())
            .collect();
        for name in ["python", "wheels", "base", "volume"] {
            assert!(names.contains(&name), "{name}: {names:?}");
        }
        assert!(!names.contains(&"ttyd"), "{names:?}");
        for target in targets {
            assert!(
                !target["description"].as_str().unwrap().is_empty(),
                "{target}"
            );
            assert_eq!(
                target["default"] == json!(true),
                target["name"] == "volume",
                "{target}"
            );
        }
    }
}

#[test]
fn calls_are_described_and_unknown_ones_refused() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for (engine, flag) in clients(&workbench) {
        let small = Small::new();
        let build = small.build(&workbench, engine);
        let (table, ..) = call(&build, flag, "subrequests.describe");
        for name in [
            "outline",
            "targets",
            "lint",
            "convertllb",
            "krunner.plan",
            "subrequests.describe",
        ] {
            assert!(
                table.lines().any(|line| line.starts_with(name)),
                "{name}: {table}"
            );
        }
        let (_, said, code) = call(&build, flag, "nosuch");
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("unsupported request frontend.nosuch"),
            "{said}"
        );
    }
}

#[test]
fn the_plan_is_told_without_building_or_fetching_anything() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for (engine, flag) in clients(&workbench) {
        let small = Small::new();
        let both = "linux/amd64,linux/arm64";
        let build = small
            .build(&workbench, engine)
            .with("--platform")
            .with(both);
        let plans = data(&build, flag, "krunner.plan");
        for platform in both.split(',') {
            let packages = &plans[platform]["wheels"]["packages"];
            assert_eq!(packages.as_array().unwrap().len(), 2, "{platform}: {plans}");
        }
        assert_eq!(small.served.take_asked(), Vec::<String>::new());
    }
}

#[test]
fn the_graph_lays_trees_over_each_other_where_the_engine_can() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for (engine, flag) in clients(&workbench) {
        let small = Small::new();
        let graph = data(&small.build(&workbench, engine), flag, "convertllb");
        assert!(graph["def"].to_string().contains("\"merge\""), "{graph}");
    }
}
