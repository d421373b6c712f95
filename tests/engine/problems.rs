//! What goes wrong lands on a line of the spec or of the lock, and the build fails.

use crate::small::Small;
use crate::volume::{Build, Copy};
use crate::workbench::{Engine, Workbench, fail};

/// Builds the changed copy up to `target` and returns what was said.
#[track_caller]
fn refused(workbench: &Workbench, copy: &Copy, target: &str) -> String {
    refused_by(workbench, workbench.engine(), copy, target)
}

#[track_caller]
fn refused_by(workbench: &Workbench, engine: &Engine, copy: &Copy, target: &str) -> String {
    let build = Build::of(workbench, engine, &copy.spec())
        .with("--target")
        .with(target);
    let said = fail(&mut build.command("type=cacheonly"));
    eprintln!("{said}");
    said
}

#[test]
fn a_wrong_checksum_is_shown_at_its_line() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let copy = Copy::of_example(&workbench);
    let mut right = String::new();
    copy.rewrite("pylock.toml", |text| {
        let start = text.find("sha256 = \"").unwrap() + "sha256 = \"".len();
        right = text[start..start + 64].to_owned();
        // The first wheel of the lock need not be one that is chosen: all of them get a wrong sum.
        let mut lines = Vec::new();
        for line in text.lines() {
            lines.push(match line.find("sha256 = \"") {
                Some(at) => format!("{}{}{}", &line[..at + 10], "0".repeat(64), &line[at + 74..]),
                None => line.to_owned(),
            });
        }
        lines.join("\n")
    });
    for engine in workbench.modern() {
        let said = refused_by(&workbench, engine, &copy, "wheels");
        assert!(said.contains("pylock.toml:"), "names the lock's line");
        assert!(said.contains(">>>"), "quotes it");
        assert!(said.contains("digest mismatch"), "says what is wrong");
        assert!(said.contains(&"0".repeat(64)), "names the expected digest");
    }
}

#[test]
fn an_unknown_key_is_shown_at_its_line_with_the_nearest_known_one() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let copy = Copy::of_example(&workbench);
    copy.rewrite("krunner.toml", |text| {
        text.replacen("[python]\n", "[python]\nvesrion = \"3.13.2\"\n", 1)
    });
    let said = refused(&workbench, &copy, "python");
    assert!(said.contains("vesrion") && said.contains("`version`"));
    assert!(said.contains("krunner.toml:"));
    assert!(said.contains(">>>"), "the engine prints the excerpt");
}

#[test]
fn a_missing_lock_is_shown_at_the_line_that_names_it() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let copy = Copy::of_example(&workbench);
    copy.remove("pylock.toml");
    let said = refused(&workbench, &copy, "wheels");
    assert!(said.contains("pylock.toml"));
    assert!(said.contains("krunner.toml:") && said.contains(">>>"));
}

#[test]
fn a_package_without_a_fitting_wheel_names_the_target_and_what_the_lock_offers() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let copy = Copy::of_example(&workbench);
    copy.rewrite("pylock.toml", |text| {
        text.lines()
            .filter(|line| !line.contains("msgpack") || !line.contains("aarch64"))
            .collect::<Vec<_>>()
            .join("\n")
    });
    let said = refused(&workbench, &copy, "wheels");
    assert!(said.contains("msgpack"));
    assert!(said.contains("linux/arm64") || said.contains("aarch64"));
    assert!(said.contains("pylock.toml:") && said.contains(">>>"));
}

#[test]
fn an_unknown_target_is_refused_with_the_known_ones() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let copy = Copy::of_example(&workbench);
    let said = refused(&workbench, &copy, "pyhton");
    for known in ["python", "wheels", "ttyd", "base", "volume"] {
        assert!(said.contains(known), "{known}");
    }
    assert!(said.contains("krunner.toml:"));
}

#[test]
fn a_missing_spec_is_named_with_what_to_do() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let context = small.folder().display().to_string();
        let missing = small.folder().join("nosuch.toml").display().to_string();
        let build = small.build(&workbench, engine).from(&context, &missing);
        let said = fail(&mut build.command("type=cacheonly"));
        assert!(said.contains("nosuch.toml"), "{said}");
        assert!(!said.contains("Dockerfile"), "{said}");
    }
}

#[test]
fn a_download_that_is_not_there_is_shown_at_its_line() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        small.edit("/python-arm64.tar", "/gone.tar");
        let said = fail(&mut small.build(&workbench, engine).command("type=cacheonly"));
        // Some engines take the page that a server sends instead for the file, and it has another digest.
        let why = ["404", "digest mismatch"];
        assert!(why.iter().any(|why| said.contains(why)), "{said}");
        assert!(said.contains("> [python] download gone.tar"), "{said}");
        let line = format!("krunner.toml:{}", small.line_of("/gone.tar"));
        assert!(said.contains(&line) && said.contains(">>>"), "{said}");
    }
}
