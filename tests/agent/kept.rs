//! References are kept deployed, whatever happens to others.

use std::process::Command;
use std::time::{Duration, Instant};

use krunner::platform::Platform;

use crate::place::{Place, until};

#[test]
fn a_moved_tag_is_followed_and_the_old_versions_are_collected() {
    let place = Place::new();
    place.configure("keep-last = 1", &place.followed("1s"));
    let agent = place.run();
    for version in ["1", "2", "3"] {
        place.publish(version);
        agent.until("the version is there", |agent| agent.leads_to(version));
    }
    agent.until("the old ones are gone", |agent| {
        agent.get("/v1/volumes")["volumes"]
            .as_array()
            .unwrap()
            .len()
            == 2
    });
    assert!(place.store().fsck(false).unwrap().faults.is_empty());
}

#[test]
fn one_reference_that_fails_holds_up_no_other() {
    let place = Place::new();
    let bad = "[references.bad]\nreference = \"127.0.0.1:1/nobody:1\"\n[references.worse]\nreference = \"oci:nowhere\"\n";
    place.configure("", &format!("{bad}{}", place.followed("1h")));
    let agent = place.run();
    agent.until("all were looked at", |agent| {
        let status = agent.get("/v1/status");
        let references = status["references"].as_array().unwrap();
        let state = |index: usize| references[index]["state"].as_str().unwrap();
        (state(0), state(1), state(2)) == ("failing", "deployed", "failing")
    });
    let status = agent.get("/v1/status");
    assert_eq!(status["ready"], false);
    let message = status["references"][2]["message"].as_str().unwrap();
    assert!(message.contains("nowhere"), "{message}");
}

#[test]
fn a_look_can_be_asked_for_and_what_was_rolled_back_from_stays_away() {
    let place = Place::new();
    place.configure("", &place.followed("1h"));
    let agent = place.run();
    agent.until("the first version is there", |agent| agent.leads_to("1"));
    place.publish("2");
    let ask = || agent.api.post("/v1/check", &serde_json::json!({}));
    assert_eq!(ask().unwrap().status, 202);
    agent.until("the second version is there", |agent| agent.leads_to("2"));
    let store = place.store();
    store.rollback(&place.reference(), None).unwrap();
    ask().unwrap();
    agent.until("it is held back", |agent| {
        agent.get("/v1/status")["references"][0]["state"] == "held-back"
    });
    assert!(agent.leads_to("1"));
    assert!(place.log().contains("rolled back from"), "{}", place.log());
}

#[test]
fn a_look_that_finds_nothing_new_is_one_question() {
    let place = Place::new();
    place.configure("", &place.followed("1h"));
    let agent = place.run();
    agent.until("the version is there", |agent| agent.leads_to("1"));
    agent.until("the look is over", |agent| {
        agent.get("/v1/status")["references"][0]["state"] == "deployed"
    });
    place.registry.inside.lock().unwrap().seen.clear();
    let asked = agent.api.post("/v1/check", &serde_json::json!({}));
    assert_eq!(asked.unwrap().status, 202);
    let seen = || place.registry.inside.lock().unwrap().seen.clone();
    until("it looked", || !seen().is_empty());
    agent.until("the second look is over", |agent| {
        agent.get("/v1/status")["references"][0]["state"] == "deployed"
    });
    let seen: Vec<String> = seen().into_iter().map(|(request, _)| request).collect();
    assert!(
        matches!(&seen[..], [one] if one.starts_with("HEAD ")),
        "{seen:?}"
    );
}

#[test]
fn there_is_one_agent_for_a_store_and_it_ends_within_a_second() {
    let place = Place::new();
    place.configure("", &place.followed("1h"));
    let mut agent = place.run();
    agent.until("the version is there", |agent| agent.leads_to("1"));
    let mut second = place.spawn();
    assert_eq!(second.wait().unwrap().code(), Some(1));
    assert!(
        place.log().contains("Another agent keeps the store"),
        "{}",
        place.log()
    );
    let began = Instant::now();
    let pid = agent.process.id().to_string();
    Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    let ended = agent.process.wait().unwrap();
    assert!(ended.success());
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(!place.path("api.sock").exists() && !place.path("plugin.sock").exists());
}

#[test]
fn an_agent_ends_while_a_registry_hangs() {
    let place = Place::new();
    // Listens, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let hung = format!("[references.hung]\nreference = \"{address}/x:1\"\n");
    place.configure("", &format!("{hung}{}", place.followed("1h")));
    let mut agent = place.run();
    until("the other one is there", || {
        place
            .store()
            .volume_of(&place.reference(), Platform::ARM64)
            .is_ok()
    });
    assert_eq!(agent.get("/v1/status")["references"][0]["state"], "busy");
    let began = Instant::now();
    let pid = agent.process.id().to_string();
    Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(agent.process.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_reference_that_is_not_followed_any_more_is_forgotten() {
    let place = Place::new();
    place.configure("", &place.followed("1h"));
    let agent = place.run();
    agent.until("the version is there", |agent| agent.leads_to("1"));
    drop(agent);
    place.configure("forget-after = \"0s\"", "");
    let agent = place.run();
    agent.until("it is gone", |agent| {
        agent.get("/v1/volumes")["volumes"]
            .as_array()
            .unwrap()
            .is_empty()
    });
    assert!(place.store().names().unwrap().is_empty());
}
