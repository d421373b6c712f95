//! Installed packages: each in a layer of its own, and few layers for many of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bollard_buildkit_proto::pb;
use krunner::digest::Digest;
use pb::op::Op;
use serde_json::Value;

use crate::daemon::{Daemon, Profile, Record};
use crate::{IMAGE, MIRROR, daemon, graph};

/// An engine with the fixture's spec and a lock of so many packages.
fn locked(packages: usize) -> Daemon {
    let mut text = "lock-version = \"1.0\"\n".to_owned();
    for number in 0..packages {
        let (name, digest) = (
            format!("p{number:02}"),
            Digest::of(&[u8::try_from(number).unwrap()]),
        );
        let _ = writeln!(
            text,
            "[[packages]]\nname = \"{name}\"\nversion = \"1\"\nwheels = [{{ url = \"https://wheels.example/{name}-1-py3-none-any.whl\", \
            hashes = {{ sha256 = \"{}\" }} }}]",
            digest.hex()
        );
    }
    let mut daemon = daemon();
    daemon
        .files
        .insert("pylock.toml".to_owned(), text.into_bytes());
    daemon
}

fn volume(record: &Record) -> &pb::Definition {
    record.result();
    assert_eq!(record.refused, [""; 0]);
    &record.solved[1]
}

/// The packages by the folder that their step writes them to.
fn parts(definition: &pb::Definition) -> BTreeMap<String, Vec<String>> {
    let orders = graph::operations(definition)
        .into_iter()
        .find_map(|(_, op)| {
            let Some(Op::File(file)) = op.op else {
                return None;
            };
            let Some(pb::file_action::Action::Mkfile(file)) = file.actions.first()?.action.clone()
            else {
                return None;
            };
            let orders: Value = serde_json::from_slice(&file.data).ok()?;
            (orders["step"] == "wheels").then_some(orders)
        });
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let orders = orders.unwrap();
    let parts = orders["parts"].as_array().unwrap().iter();
    parts
        .map(|part| {
            let wheels = part["wheels"].as_array().unwrap().iter();
            let wheels = wheels.map(|wheel| text(&wheel["package"]));
            (text(&part["out"]), wheels.collect())
        })
        .collect()
}

/// The writable folders of the step that installs packages.
fn outs(definition: &pb::Definition) -> BTreeSet<String> {
    let processes = graph::operations(definition).into_iter();
    let mounts = processes.filter_map(|(_, op)| match op.op {
        Some(Op::Exec(exec)) => Some(exec.mounts),
        _ => None,
    });
    let made = mounts.flatten().filter(|mount| mount.output >= 0);
    let made = made.map(|mount| mount.dest);
    made.filter(|dest| dest.starts_with("/out/")).collect()
}

/// The layers as the image's history calls them.
fn layers(record: &Record) -> Vec<String> {
    let metadata = record.result().metadata;
    let config: Value = serde_json::from_slice(&metadata["containerimage.config"]).unwrap();
    let history = config["history"].as_array().unwrap().iter();
    let comments = history.map(|entry| entry["comment"].as_str().unwrap().to_owned());
    comments.collect()
}

#[test]
fn each_of_a_few_packages_is_a_layer_that_is_called_after_it() {
    let record = locked(2).build(&[IMAGE, MIRROR]);
    let wanted = ["python", "wheels-p00", "wheels-p01", "ttyd", "base"];
    assert_eq!(layers(&record), wanted);
    let one = |name: &str| (format!("/out/wheels-{name}"), vec![name.to_owned()]);
    let parts = parts(volume(&record));
    assert_eq!(parts, [one("p00"), one("p01")].into());
    assert_eq!(outs(volume(&record)), parts.into_keys().collect());
    let text = graph::describe(volume(&record));
    let wheels = text.split_once(": [wheels] install 2 packages").unwrap().0;
    let wheels = wheels.rsplit_once('\n').unwrap().1;
    // One process makes both, and the volume has both.
    assert_eq!(text.matches(": [wheels] install").count(), 1);
    assert!(
        text.contains(&format!(", {wheels}, {wheels}.1, ")),
        "{text}"
    );
}

#[test]
fn many_packages_share_a_few_layers_of_which_another_one_changes_one() {
    let (before, after) = (locked(30), locked(31));
    let [before, after] = [before, after].map(|daemon| daemon.build(&[IMAGE, MIRROR]));
    let names = layers(&before);
    let count = names
        .iter()
        .filter(|name| name.starts_with("wheels-"))
        .count();
    assert!(count > 1 && count <= 24, "{names:?}");
    let [before, after] = [before, after].map(|record| parts(volume(&record)));
    assert_eq!(before.len(), count);
    assert_eq!(before.values().flatten().count(), 30);
    let changed = after
        .iter()
        .filter(|(out, wheels)| before.get(*out) != Some(wheels));
    let changed: Vec<_> = changed.collect();
    assert_eq!(changed.len(), 1);
    assert!(changed[0].1.contains(&"p30".to_owned()));
    assert!(before.keys().all(|out| after.contains_key(out)));
}

#[test]
fn packages_alone_are_their_layers_over_each_other() {
    let wheels = [IMAGE, MIRROR, ("target", "wheels")];
    for (engine, how) in [
        ("newest", "[wheels] merge 2 layers"),
        ("docker-20.10", "[wheels] copy wheels-p01"),
    ] {
        let record = locked(2).on(Profile::named(engine)).build(&wheels);
        assert_eq!(layers(&record), ["wheels-p00", "wheels-p01"]);
        let text = graph::describe(volume(&record));
        assert!(text.contains(how), "{text}");
    }
    let record = locked(1).build(&wheels);
    assert_eq!(layers(&record), ["wheels-p00"]);
    assert!(!graph::describe(volume(&record)).contains("merge"));
}

#[test]
fn a_lock_without_a_package_for_the_platform_makes_no_layer() {
    let record = locked(0).build(&[IMAGE, MIRROR]);
    assert_eq!(layers(&record), ["python", "ttyd", "base"]);
    assert!(!graph::describe(volume(&record)).contains("[wheels]"));
    let error = locked(0)
        .build(&[IMAGE, MIRROR, ("target", "wheels")])
        .error();
    assert!(
        error.message.contains("no package for `linux/amd64`"),
        "{}",
        error.message
    );
}
