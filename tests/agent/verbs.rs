//! `agent` and `status`, as a user sees them.

use std::fs;

use crate::place::Place;
use crate::snapshot::krunner_in;

#[test]
fn status_shows_what_is_kept_and_says_by_its_exit_code_whether_all_is_there() {
    let place = Place::new();
    place.configure("", &place.followed("1h"));
    let config = place.path("agent.toml");
    let dir = config.parent().unwrap();
    let status = || place.plain(&krunner_in(dir, &["status", "--config", "agent.toml"]));
    let mut said = vec![status()];
    let agent = place.run();
    agent.until("the version is there", |agent| {
        agent.get("/v1/status")["references"][0]["state"] == "deployed"
    });
    said.push(status());
    drop(agent);
    let bad =
        "[references.bad]\nreference = \"127.0.0.1:1/nobody:1\"\nplatforms = [\"linux/amd64\"]\n";
    place.configure("", &format!("{bad}{}", place.followed("1h")));
    let agent = place.run();
    agent.until("both were looked at", |agent| {
        let status = agent.get("/v1/status");
        let state = |index: usize| status["references"][index]["state"].clone();
        state(0) == "failing" && state(1) == "deployed"
    });
    said.push(status());
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"sha256:[0-9a-f]{12}", "sha256:[12 DIGITS]");
    settings.add_filter(r"\[REGISTRY\]", "registry.example");
    settings.bind(|| insta::assert_snapshot!(said.join("\n")));
}

#[test]
fn a_configuration_that_is_wrong_is_told_with_its_lines() {
    let dir = tempfile::tempdir().unwrap();
    let steps = [
        "interval = \"5m\"\n[references.a]\nreference = \"a.example/x:1\"\n",
        "[references.a]\nreference = \"krunner\"\n[references.b]\nreference = \"b.example/x:1\"\nplatforms = []\n",
        "[api]\nsocket = \"a\"\nport = 1\n",
    ];
    let said: Vec<String> = steps
        .iter()
        .map(|text| {
            fs::write(dir.path().join("agent.toml"), text).unwrap();
            let said = krunner_in(dir.path(), &["agent", "check", "--config", "agent.toml"]);
            format!("{text}---\n{said}")
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn help_shows_examples() {
    let dir = tempfile::tempdir().unwrap();
    let said: Vec<String> = [
        &["agent", "--help"][..],
        &["agent", "run", "--help"],
        &["status", "--help"],
    ]
    .iter()
    .map(|args| krunner_in(dir.path(), args))
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}
