//! An agent that is killed at any moment leaves a store that is whole, and the next one goes on.

use std::time::{Duration, Instant};

use crate::common::dice::Dice;
use crate::place::Place;

/// How often it is killed.
const KILLS: u32 = 30;

#[test]
fn whenever_an_agent_is_killed_the_store_is_whole_and_the_next_one_goes_on() {
    let place = Place::new();
    place.configure(
        "keep-last = 1\nforget-after = \"0s\"",
        &place.followed("1s"),
    );
    let began = Instant::now();
    let agent = place.run();
    agent.until("the version is there", |agent| agent.leads_to("1"));
    drop(agent);
    let longest = began.elapsed();
    let store = place.store();
    let mut dice = Dice::new(0x5eed);
    for round in 0..KILLS {
        place.publish(&dice.roll(4).to_string());
        let mut agent = place.spawn();
        std::thread::sleep(longest.mul_f64(f64::from(dice.roll(1000)) / 800.0));
        agent.kill().unwrap();
        agent.wait().unwrap();
        let faults = store.fsck(false).unwrap().faults;
        assert!(faults.is_empty(), "round {round}: {faults:?}");
    }
    place.publish("last");
    let agent = place.run();
    agent.until("the last version is there", |agent| agent.leads_to("last"));
    agent.until("nothing else is left", |agent| {
        agent.get("/v1/volumes")["volumes"]
            .as_array()
            .unwrap()
            .len()
            == 2
    });
    assert!(store.fsck(false).unwrap().faults.is_empty());
    assert!(longest < Duration::from_secs(30));
}
