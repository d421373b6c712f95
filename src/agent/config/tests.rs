use std::path::Path;

use proptest::prelude::*;

use super::*;

const FULL: &str = r#"
store = "/var/lib/krunner"
mode = "dir"
keep-last = 3
collect-every = "30m"
forget-after = "0s"
interval = "10m"

[api]
socket = "/run/krunner/agent.sock"
[plugin]
socket = "/run/docker/plugins/krunner.sock"
[docker]
socket = "/run/docker.sock"
[metrics]
listen = "127.0.0.1:9464"

[references.next]
reference = "registry.example.com/krunner:16"
platforms = ["linux/arm64", "linux/amd64", "linux/amd64"]
interval = "1h"
jitter = "0s"

[references.local]
reference = "oci:layouts/15:15"
docker-volume = true
"#;

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse(text, Path::new("/etc/krunner/agent.toml"), Platform::AMD64)
}

#[test]
fn everything_has_its_place_and_its_default() {
    let config = parse(FULL).unwrap();
    assert_eq!((config.mode, config.keep_last), (Mode::Dir, 3));
    assert_eq!(config.collect_every.as_secs(), 1800);
    assert_eq!(config.forget_after.as_secs(), 0);
    let [local, next] = &config.references[..] else {
        panic!("{config:?}");
    };
    assert_eq!(
        local.reference.to_string(),
        "oci:/etc/krunner/layouts/15:15"
    );
    assert_eq!(local.platforms, [Platform::AMD64]);
    assert_eq!(
        (local.interval.as_secs(), local.jitter.as_secs()),
        (600, 60)
    );
    assert_eq!(next.platforms, [Platform::AMD64, Platform::ARM64]);
    assert_eq!((next.interval.as_secs(), next.jitter.as_secs()), (3600, 0));
    let nothing = parse("").unwrap();
    assert_eq!((nothing.mode, nothing.keep_last), (Mode::Auto, 2));
    assert!(nothing.api.is_none() && nothing.references.is_empty());
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let said: Vec<String> = [
        "stor = \"/x\"",
        "mode = \"image\"",
        "keep-last = 0",
        "interval = \"soon\"",
        "[api]\nsocket = 1",
        "[references.a]\nreferenc = \"x\"",
        "[references.a]\nreference = \"krunner\"",
        "[references.\"a b\"]\nreference = \"a.example/x:1\"\ninterval = \"0s\"\nplatforms = []",
        "[references.a]\nreference = \"a.example/x:1\"\n[references.b]\nreference = \"a.example/x:1\"",
        "[references.a]\nreference = \"user:s3cret@a.example/x:1\"",
        "[references.a]\nreference = \"a.example/x:1\"\nplatforms = [\"windows/amd64\"]",
        "[references.a]\nreference = \"a.example/x:1\"\ndocker-volume = true",
        "[references.a]\nreference = \"docker-archive:x\"",
    ]
    .iter()
    .map(|text| format!("{text}\n=> {}\n", parse(text).unwrap_err()))
    .collect();
    let answers: String = said
        .iter()
        .filter_map(|one| one.split("=> ").nth(1))
        .collect();
    assert!(!answers.contains("s3cret"));
    insta::assert_snapshot!(said.join("\n"));
}

proptest! {
    #[test]
    fn no_text_is_too_strange(cut in 0..FULL.len(), noise in ".{0,20}") {
        let text = format!("{}{noise}{}", &FULL[..cut], &FULL[cut..]);
        let _ = parse(&text);
    }
}
