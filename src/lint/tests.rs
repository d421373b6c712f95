use std::fs;
use std::path::Path;

use super::*;

const DIGEST: &str = "00000000000000000000000000000000000000000000000000000000000000a1";

/// A spec without fault, with `more` behind it and `edits` made to it.
fn spec(edits: &[(&str, &str)], more: &str) -> Spec {
    let mut text = format!(
        r#"[volume]
name = "a"
version = 1
libc = "gnu"
platforms = ["linux/amd64"]
mount_points = ["lib/plugins"]

[python]
version = "3.13.2"
amd64 = {{ url = "https://a.example/cpython-x86_64.tar.gz", sha256 = "{DIGEST}" }}

{more}"#
    );
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Spec::parse("krunner.toml", &text).unwrap()
}

/// The rules that speak, with the lines.
fn found(spec: &Spec) -> Vec<(&'static str, u32)> {
    let options = Options::of(spec).unwrap();
    let warnings = lint(spec, &options).into_iter();
    warnings
        .map(|warning| (warning.rule, warning.at.line))
        .collect()
}

#[test]
fn a_spec_without_fault_is_silent() {
    assert_eq!(found(&spec(&[], "")), []);
}

#[test]
fn a_python_for_newer_processors_is_found() {
    for level in ["x86_64_v2", "x86_64_v3"] {
        assert_eq!(
            found(&spec(&[("x86_64", level)], "")),
            [("CpuBaseline", 10)]
        );
    }
}

#[test]
fn compilers_may_be_for_newer_processors() {
    let more = format!(
        r#"[ttyd]
version = "1.7.7"
[ttyd.sources]
ttyd = {{ path = "a", sha256 = "{DIGEST}" }}
libwebsockets = {{ path = "b", sha256 = "{DIGEST}" }}
libuv = {{ path = "c", sha256 = "{DIGEST}" }}
json-c = {{ path = "d" }}
zlib = {{ path = "e", sha256 = "{DIGEST}" }}
[ttyd.toolchain.amd64]
busybox = {{ path = "busybox-x86_64_v3", sha256 = "{DIGEST}" }}"#
    );
    assert_eq!(found(&spec(&[], &more)), [("UnpinnedInput", 18)]);
}

#[test]
fn files_beside_the_spec_need_no_digest_and_lie_outside_mount_points() {
    let more = "[[files]]\npath = \"share/motd\"\nsource = { path = \"motd\" }\n\n\
                [[files]]\npath = \"lib/plugins/a\"\ncontent = \"\"\n\n\
                [[files]]\npath = \"lib/plugins.txt\"\ncontent = \"\"\n";
    assert_eq!(found(&spec(&[], more)), [("HiddenFile", 17)]);
}

#[test]
fn a_ready_made_ttyd_needs_its_licence() {
    let binary = format!(
        "[ttyd]\nversion = \"1.7.7\"\n[ttyd.binary]\namd64 = {{ path = \"ttyd\", sha256 = \"{DIGEST}\" }}\n\
         arm64 = {{ path = \"ttyd.arm64\", sha256 = \"{DIGEST}\" }}\n"
    );
    assert_eq!(
        found(&spec(&[], &binary)),
        [("MissingLicence", 14), ("UnusedInput", 16)]
    );
    let licence = "[[files]]\npath = \"licenses/ttyd/LICENSE\"\nsource = { path = \"LICENSE\" }\n";
    assert_eq!(
        found(&spec(&[], &(binary + licence))),
        [("UnusedInput", 16)]
    );
}

#[test]
fn wheels_for_a_newer_glibc_are_found_where_the_image_brings_it() {
    let wheels = |level| format!("[wheels]\nlock = \"pylock.toml\"\nglibc = \"{level}\"\n");
    assert_eq!(found(&spec(&[], &wheels("2.28"))), [("NewerGlibc", 14)]);
    assert_eq!(found(&spec(&[], &wheels("2.5"))), []);
    let any = [("\"gnu\"", "\"any\"")];
    let runtime = format!("[runtime.amd64]\na = {{ path = \"a\", sha256 = \"{DIGEST}\" }}\n");
    assert_eq!(found(&spec(&any, &(wheels("2.28") + &runtime))), []);
}

#[test]
fn globs_that_match_nothing_are_found() {
    let more = "[slim]\nkeep = [\"lib/**\", \"lib/\"]\n[slim.drop]\n\"/lib/a\" = \"x\"\n\"lib/../b\" = \"x\"\n\"**/c\" = \"x\"\n";
    assert_eq!(
        found(&spec(&[], more)),
        [
            ("UnmatchedGlob", 13),
            ("UnmatchedGlob", 15),
            ("UnmatchedGlob", 16)
        ]
    );
}

#[test]
fn arguments_that_set_nothing_are_found() {
    let more = "[args]\nA = \"1\"\nB = \"2\"\nC = \"3\"\n[labels]\nx = \"${B}\"\n";
    let edits = [("a.example", "${C}.example")];
    assert_eq!(found(&spec(&edits, more)), [("UnusedArgument", 13)]);
}

#[test]
fn a_python_for_a_platform_that_is_not_built_may_compile() {
    let arm64 = format!("arm64 = {{ path = \"p\", sha256 = \"{DIGEST}\" }}\n");
    assert_eq!(found(&spec(&[], &arm64)), [("UnusedInput", 12)]);
    let runtime =
        format!("{arm64}[runtime.arm64]\na = {{ path = \"a\", sha256 = \"{DIGEST}\" }}\n");
    assert_eq!(found(&spec(&[], &runtime)), []);
}

#[test]
fn a_spec_says_itself_which_rules_hold() {
    let text = spec(&[("x86_64", "x86_64_v2")], "")
        .text()
        .as_str()
        .to_owned();
    let with =
        |check: &str| Spec::parse("krunner.toml", &format!("# check={check}\n{text}")).unwrap();
    assert_eq!(found(&with("error=true")), [("CpuBaseline", 11)]);
    assert_eq!(found(&with("skip=CpuBaseline")), []);
    let problem = Options::of(&with("skp=CpuBaseline")).unwrap_err();
    assert_eq!(problem.at.unwrap().line, 1);
}

#[test]
fn a_frontend_without_a_version_is_found() {
    let text = spec(&[], "").text().as_str().to_owned();
    let with =
        |image: &str| Spec::parse("krunner.toml", &format!("# syntax={image}\n{text}")).unwrap();
    for image in [
        "a/b",
        "a/b:latest",
        "a:5000/b",
        "a:5000/b:latest more words",
    ] {
        assert_eq!(found(&with(image)), [("MutableFrontend", 1)], "{image}");
    }
    let digest = format!("a/b@sha256:{DIGEST}");
    for image in ["a/b:1", "a:5000/b:1.2", "a/b:1 more words", &digest] {
        assert_eq!(found(&with(image)), [], "{image}");
    }
}

/// The text of a page.
fn page(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(path)).unwrap_or_default()
}

#[test]
fn every_rule_has_its_page_and_every_page_its_rule() {
    assert!(rules().is_sorted_by_key(|rule| rule.name));
    let list = page("docs/lint.md");
    for rule in rules() {
        let start = format!("# {}\n\n{}.\n", rule.name, rule.description);
        assert!(
            page(&rule.url()).starts_with(&start),
            "{} does not start with\n{start}",
            rule.url()
        );
        let row = format!(
            "| [{name}](lint/{name}.md) | {}. |\n",
            rule.description,
            name = rule.name
        );
        assert!(list.contains(&row), "docs/lint.md has no row {row}");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lint");
    assert_eq!(fs::read_dir(folder).unwrap().count(), rules().len());
}

/// The first block of code on a page is what the rule finds, the second what is better.
#[test]
fn the_examples_of_a_page_are_what_they_say() {
    for rule in rules() {
        let page = page(&rule.url());
        let blocks: Vec<&str> = page.split("```toml\n").skip(1).collect();
        let blocks: Vec<&str> = blocks
            .iter()
            .filter_map(|block| block.split("```").next())
            .collect();
        let [found, better] = blocks.as_slice() else {
            panic!("{} has {} blocks", rule.url(), blocks.len());
        };
        for (block, is_found) in [(found, true), (better, false)] {
            let spec = Spec::parse("krunner.toml", &completed(block))
                .unwrap_or_else(|problems| panic!("{}: {problems}", rule.url()));
            let names: Vec<_> = lint(&spec, &Options::default())
                .iter()
                .map(|warning| warning.rule)
                .collect();
            assert_eq!(
                names.contains(&rule.name),
                is_found,
                "{}: {names:?}\n{block}",
                rule.url()
            );
        }
    }
}

/// A block with what every spec must have.
fn completed(block: &str) -> String {
    let digests = block.replace("…", DIGEST);
    let mut text = digests.clone();
    if !digests.contains("[volume]") {
        text.push_str("\n[volume]\nname = \"a\"\nversion = 1\nlibc = \"gnu\"\nplatforms = [\"linux/amd64\"]\n");
    }
    if !digests.contains("[python]") {
        text.push_str("\n[python]\nversion = \"3.13.2\"\namd64 = { context = \"python\" }\n");
    }
    text
}
