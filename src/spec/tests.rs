//! Reading specs. What the messages look like is held by `tests/cli_check.rs`.

use proptest::prelude::*;

use super::*;

const FIXTURE: &str = include_str!("../../tests/fixtures/spec/static-gnu/krunner.toml");
const BROKEN: &str = include_str!("../../tests/fixtures/spec/broken/krunner.toml");

const SPEC: &str = r#"
[volume]
name = "static-gnu"
version = 15
libc = "gnu"
platforms = ["linux/amd64"]

[python]
version = "3.13.2"
amd64 = { path = "python-amd64.tar.gz" }
"#;

/// The problems of `SPEC` after a replacement, as one text.
fn problems(from: &str, to: &str) -> String {
    assert!(SPEC.contains(from), "{from}");
    problems_of(&SPEC.replace(from, to))
}

fn problems_of(text: &str) -> String {
    Spec::parse("krunner.toml", text).unwrap_err().to_string()
}

#[test]
fn a_small_spec_is_read_with_its_defaults() {
    let spec = Spec::parse("krunner.toml", SPEC).unwrap();
    assert_eq!(spec.document().volume.prefix, "/opt/backend.ai");
    assert_eq!(spec.document().volume.epoch, 1_704_067_200);
    assert!(spec.locks().is_empty());
    let at = spec.at(["volume", "version"]);
    assert_eq!(at.to_string(), "krunner.toml:4:11");
    // What the file does not have stands where its nearest parent stands.
    assert_eq!(spec.at(["volume", "epoch"]).line, 2);
}

#[test]
fn hosts_and_secrets_have_names_and_a_secret_itself_is_never_shown() {
    let wrong = |line: &str| problems_of(&format!("{SPEC}[auth]\n{line}\n"));
    let host = wrong("\"https://a.example/\" = \"id\"");
    assert!(
        host.contains("Not the name of a host: `https://a.example/`"),
        "{host}"
    );
    let id = wrong("\"a.example\" = \"Bearer hunter2\"");
    assert!(
        id.contains("Not the id of a secret") && !id.contains("hunter2"),
        "{id}"
    );
    let spec = format!("{SPEC}[auth]\n\"a.example:8443\" = \"index-token\"\n");
    assert!(Spec::parse("krunner.toml", &spec).is_ok());
}

#[test]
fn the_locks_of_a_spec_are_named_once() {
    let spec = Spec::parse("krunner.toml", FIXTURE).unwrap();
    assert_eq!(spec.locks(), ["pylock.toml", "pylock.toolchain.toml"]);
    let same = FIXTURE.replace("pylock.toolchain.toml", "pylock.toml");
    let spec = Spec::parse("krunner.toml", &same).unwrap();
    assert_eq!(spec.locks(), ["pylock.toml"]);
}

#[test]
fn arguments_that_nobody_declared_are_told() {
    let spec = Spec::parse("krunner.toml", FIXTURE).unwrap();
    let args = ["FLAVOUR", "FLAVOR", "SOURCE_DATE_EPOCH", "http_proxy"];
    let args = args.map(|name| (name.to_owned(), String::new())).into();
    assert_eq!(spec.unknown_args(&args), ["FLAVOR"]);
}

#[test]
fn a_syntax_error_has_a_place() {
    let problems = problems("version = 15", "version = ");
    assert!(problems.starts_with("krunner.toml:4:1"), "{problems}");
    assert!(problems.contains("Not valid TOML"), "{problems}");
    let twice = problems_of(&format!("{SPEC}\n[volume]\n"));
    assert!(twice.starts_with("krunner.toml:12:2: "), "{twice}");
}

#[test]
fn a_missing_key_is_told_at_its_table() {
    let problems = problems("libc = \"gnu\"\n", "");
    assert_eq!(problems, "krunner.toml:2:2: Missing key: `volume.libc`");
    let nothing = problems_of("");
    assert!(nothing.contains("Missing key: `python`"), "{nothing}");
    assert!(nothing.contains("Missing key: `volume`"), "{nothing}");
}

#[test]
fn one_mistake_is_told_once() {
    // Neither the missing `version` nor what a placeholder in its place would lack.
    assert_eq!(problems("version = 15", "versoin = 15").lines().count(), 2);
    assert_eq!(
        problems("\"linux/amd64\"", "\"linux/amd46\"")
            .lines()
            .count(),
        2
    );
    assert_eq!(problems("[volume]", "[volum]").lines().count(), 2);
}

#[test]
fn wrong_types_name_both_types() {
    let problems = problems("version = 15", "version = 1.5");
    assert!(problems.contains("`volume.version` must be an integer, not a float"));
    let args = problems_of(&format!("{SPEC}\n[args]\nA = 1\n"));
    assert!(
        args.contains("`args.A` must be a string or a table, not an integer"),
        "{args}"
    );
    let volume = problems_of("volume = 1\npython = []\nfiles = {}");
    assert_eq!(volume.lines().count(), 3, "{volume}");
}

#[test]
fn integers_out_of_range_are_told_with_the_range() {
    for text in ["0", "-1", "4294967296", "99999999999999999999"] {
        let problems = problems("version = 15", &format!("version = {text}"));
        assert!(
            problems.contains("`volume.version` must be an integer from 1"),
            "{problems}"
        );
        assert!(problems.contains(&format!("`{text}`")), "{problems}");
    }
}

#[test]
fn a_platform_without_python_is_told() {
    let problems = problems("[\"linux/amd64\"]", "[\"linux/amd64\", \"linux/arm64\"]");
    assert!(
        problems.contains("No Python for `linux/arm64`"),
        "{problems}"
    );
}

#[test]
fn ttyd_is_compiled_or_ready_made() {
    let binary = "[ttyd.binary]\namd64 = { path = \"ttyd\" }\n";
    let ttyd = |rest: &str| format!("{SPEC}\n[ttyd]\nversion = \"1.7.7\"\n{rest}");
    assert!(Spec::parse("krunner.toml", &ttyd(binary)).is_ok());
    let both = problems_of(&ttyd(&format!("[ttyd.toolchain]\n{binary}")));
    assert!(both.contains("both compiled and ready-made"), "{both}");
    let hangup = problems_of(&ttyd(&format!("ping = 30\nhangup = 30\n{binary}")));
    assert!(hangup.contains("more than `ttyd.ping` (30)"), "{hangup}");
}

#[test]
fn files_do_not_stand_in_each_others_way() {
    let file = |path: &str| format!("[[files]]\npath = \"{path}\"\ncontent = \"\"\n");
    for (files, message) in [
        (file("a/b") + &file("a-b"), "both the input `file-a-b`"),
        (file("a/b") + &file("a"), "`a/b` is inside `a`"),
        (file("mnt"), "in the way of the mount point `mnt/x`"),
    ] {
        let text = SPEC.replace("[python]", "mount_points = [\"mnt/x\"]\n[python]");
        let problems = problems_of(&format!("{text}\n{files}"));
        assert!(problems.contains(message), "{problems}");
    }
}

#[test]
fn a_spec_cannot_take_the_stack_or_the_memory() {
    for text in [
        "a".repeat(MAX_SPEC_BYTES + 1),
        format!("a = {}", "[".repeat(100_000)),
        format!("{} = 1", vec!["a"; 100_000].join(".")),
        format!("[{}]", vec!["a"; 100_000].join(".")),
        format!("a = {}", "{a=".repeat(100_000)),
        (0..60_000)
            .map(|n| format!("k{n}=1"))
            .collect::<Vec<_>>()
            .join("\n"),
    ] {
        let problems = Spec::parse("krunner.toml", &text).unwrap_err();
        assert!(problems.0.len() <= 200);
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*") {
        let _ = Spec::parse("krunner.toml", &text);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = Spec::parse("krunner.toml", &String::from_utf8_lossy(&bytes));
    }
}

proptest! {
    // Each case reads two whole specs.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_to_a_spec_makes_the_reader_panic(
        start in 0..FIXTURE.len(),
        length in 0_usize..40,
        insert in "([\\[\\]{}=\",.\n$0-9a-z/]|ä){0,8}",
    ) {
        for text in [FIXTURE, BROKEN] {
            let text = damaged(text, start, length, &insert);
            if let Err(problems) = Spec::parse("krunner.toml", &text) {
                prop_assert!(!problems.0.is_empty());
                let lines = u32::try_from(text.lines().count()).unwrap() + 1;
                for at in problems.0.iter().filter_map(|problem| problem.at.as_ref()) {
                    prop_assert!((1..=lines).contains(&at.line));
                }
            }
        }
    }
}

/// `text` with `length` bytes from `start` on replaced.
fn damaged(text: &str, start: usize, length: usize, insert: &str) -> String {
    let start = start.min(text.len());
    let end = (start + length).min(text.len());
    let bytes = [
        &text.as_bytes()[..start],
        insert.as_bytes(),
        &text.as_bytes()[end..],
    ];
    String::from_utf8_lossy(&bytes.concat()).into_owned()
}
