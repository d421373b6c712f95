//! The volume plugin, spoken to as an engine speaks.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::place::{Place, Running};

fn create(agent: &Running, place: &Place, name: &str) -> Value {
    let options = json!({ "ref": place.reference(), "platform": "linux/amd64" });
    agent.engine(
        "VolumeDriver.Create",
        &json!({ "Name": name, "Opts": options }),
    )
}

fn mount(agent: &Running, name: &str, id: &str) -> Value {
    agent.engine("VolumeDriver.Mount", &json!({ "Name": name, "ID": id }))
}

fn unmount(agent: &Running, name: &str, id: &str) -> Value {
    agent.engine("VolumeDriver.Unmount", &json!({ "Name": name, "ID": id }))
}

fn leases(agent: &Running) -> usize {
    agent.get("/v1/leases")["leases"].as_array().unwrap().len()
}

#[test]
fn a_volume_is_pulled_when_it_is_mounted_and_collected_when_nobody_has_it() {
    let place = Place::marked("first");
    place.configure("forget-after = \"0s\"", "");
    let agent = place.run();
    assert_eq!(
        agent.engine("Plugin.Activate", &json!({}))["Implements"],
        json!(["VolumeDriver"])
    );
    assert_eq!(create(&agent, &place, "v"), json!({ "Err": "" }));
    assert_eq!(create(&agent, &place, "v"), json!({ "Err": "" }));
    assert_eq!(place.registry.count("GET"), 0);
    let there = mount(&agent, "v", "container");
    let path = there["Mountpoint"].as_str().unwrap();
    assert_eq!(
        fs::read_to_string(Path::new(path).join("version")).unwrap(),
        "1"
    );
    let get = agent.engine("VolumeDriver.Get", &json!({ "Name": "v" }));
    assert_eq!(get["Volume"]["Status"]["reference"], place.reference());
    assert_eq!(get["Volume"]["Mountpoint"], path);
    let list = agent.engine("VolumeDriver.List", &json!({}));
    assert_eq!(list["Volumes"][0]["Name"], "v");
    assert_eq!(leases(&agent), 1);
    // Whoever asks while it is there is told the same, and nobody asks the registry.
    let asked = place.registry.count("GET");
    assert_eq!(mount(&agent, "v", "other"), there);
    assert_eq!(place.registry.count("GET"), asked);
    unmount(&agent, "v", "other");
    unmount(&agent, "v", "container");
    assert_eq!(leases(&agent), 0);
    let removed = agent.engine("VolumeDriver.Remove", &json!({ "Name": "v" }));
    assert_eq!(removed, json!({ "Err": "" }));
    agent.until("it is gone", |_| !Path::new(path).exists());
}

#[test]
fn an_agent_in_a_container_gives_an_engine_outside_what_nobody_can_write_to() {
    let place = Place::marked("apart");
    place.configure("", "");
    let Some(agent) = place.run_apart() else {
        return;
    };
    create(&agent, &place, "v");
    let there = mount(&agent, "v", "container");
    let path = Path::new(there["Mountpoint"].as_str().unwrap());
    assert_eq!(fs::read_to_string(path.join("version")).unwrap(), "1");
    let written = fs::write(path.join("version"), "2").unwrap_err();
    assert_eq!(written.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    // Whoever else asks is given the same.
    assert_eq!(mount(&agent, "v", "other"), there);
    for id in ["other", "container"] {
        assert_eq!(unmount(&agent, "v", id), json!({ "Err": "" }));
    }
    assert!(!path.exists());
}

#[test]
fn mounts_outlive_the_agent_and_each_keeps_its_version() {
    let place = Place::marked("second");
    place.configure(
        "keep-last = 1\nforget-after = \"0s\"",
        &place.followed("1h"),
    );
    let agent = place.run();
    create(&agent, &place, "v");
    let first = mount(&agent, "v", "old");
    // Files are copied from the running container: mounted and unmounted once more.
    assert_eq!(mount(&agent, "v", "old"), first);
    drop(agent);
    place.publish("2");
    let agent = place.run();
    agent.until("the next version is there", |agent| agent.leads_to("2"));
    let collected = agent.api.post("/v1/collect", &json!({})).unwrap();
    assert!(collected.is_success());
    assert_eq!(mount(&agent, "v", "old"), first);
    let second = mount(&agent, "v", "new");
    assert_ne!(second, first);
    // The engine was started anew, too: it counts from one.
    assert_eq!(leases(&agent), 2);
    unmount(&agent, "v", "old");
    assert_eq!(leases(&agent), 1);
    let gone = first["Mountpoint"].as_str().unwrap().to_owned();
    agent.until("the first is gone", |_| !Path::new(&gone).exists());
}

#[test]
fn leases_of_mounts_that_nobody_remembers_end() {
    let place = Place::marked("third");
    place.configure("", &place.followed("1h"));
    let agent = place.run();
    create(&agent, &place, "v");
    mount(&agent, "v", "kept");
    drop(agent);
    // The agent was killed after it took a lease and before it noted why; and the machine was started again.
    let store = place.store();
    let [kept] = &store.leases().unwrap()[..] else {
        panic!("one lease");
    };
    store
        .lease("docker:lost:abc", &kept.manifest, None)
        .unwrap();
    store.lease("somebody's", &kept.manifest, None).unwrap();
    let agent = place.run();
    agent.until("the lost one is gone", |agent| leases(agent) == 2);
    drop(agent);
    let records = place.path("store/agent/plugin");
    let record = fs::read_dir(records)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut text: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    text["mounts"]["kept"]["boot"] = json!("another");
    fs::write(&record, text.to_string()).unwrap();
    let agent = place.run();
    agent.until("nothing of another boot is left", |agent| {
        leases(agent) == 1
    });
}

#[test]
fn what_cannot_be_is_said() {
    let place = Place::marked("fourth");
    place.configure("", "");
    let agent = place.run();
    let options = |options: Value| {
        let said = agent.engine(
            "VolumeDriver.Create",
            &json!({ "Name": "v", "Opts": options }),
        );
        said["Err"].as_str().unwrap().to_owned()
    };
    let reference = place.reference();
    let mut said = vec![
        options(json!({})),
        options(json!({ "ref": "krunner" })),
        options(json!({ "ref": "oci:/etc" })),
        options(json!({ "ref": reference, "platform": "amd64" })),
        options(json!({ "ref": reference, "refs": "x" })),
        options(json!({ "ref": "127.0.0.1:1/x:1" })),
        options(json!({ "ref": reference })),
    ];
    for (name, id) in [("v", "i"), ("w", "i")] {
        said.push(mount(&agent, name, id)["Err"].as_str().unwrap().to_owned());
    }
    for (method, body) in [
        ("VolumeDriver.Get", json!({ "Name": "w" })),
        ("VolumeDriver.Format", json!({})),
    ] {
        said.push(
            agent.engine(method, &body)["Err"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(leases(&agent), 0);
    insta::assert_snapshot!(place.plain(&said.join("\n")));
}
