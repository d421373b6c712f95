//! Power that goes at any moment: what is visible is whole, what was said to be there is there, and the next pull works.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::common::dice::Dice;
use crate::guest::Guest;
use crate::volume::publish;

/// How often the power goes.
const CUTS: u32 = 10;
/// And how late at most, in milliseconds: in this time a version comes in both forms, and the next one begins.
const LONGEST: u32 = 5000;
/// Where chance begins.
const SEED: u32 = 0x5eed;
const VERSIONS: [&str; 3] = ["one", "two", "three"];
const FORMS: [&str; 2] = ["dir", "erofs"];

/// Says what it finds in both stores, then pulls one version after the other until the power goes. A pull takes a second.
const SCRIPT: &str = r"#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
modprobe loop
# What a store leads to is a link here, so that one name has many versions.
turn() { rm -f /run/now; ln -s /host/$1 /run/now; }
for form in dir erofs; do
    export KRUNNER_STORE=/var/lib/$form
    [ -e $KRUNNER_STORE ] || continue
    krunner fsck >/host/fsck.$form 2>&1 || touch /host/damaged.$form
    rm -f /host/found.$form
    path=$(krunner path oci:/run/now:15 2>/host/path.$form) && cat $path/version >/host/found.$form
done
touch /host/checked
while :; do
    for version in one two three; do
        turn $version
        for form in $(cat /host/forms); do
            export KRUNNER_STORE=/var/lib/$form
            echo $version >/host/coming.$form
            krunner pull --quiet --mode $form oci:/run/now:15 || { touch /host/failed; sleep 1000; }
            echo $version >/host/there.$form
            krunner gc --quiet --keep-last 1
        done
    done
done
";

#[test]
fn whenever_the_power_goes_a_store_is_whole_and_has_what_it_said_it_has() {
    let Some(guest) = Guest::new() else { return };
    for version in VERSIONS {
        publish(&guest, version, "lz4hc");
    }
    let host = guest.host();
    let mut dice = Dice::new(SEED);
    for round in 0..=CUTS {
        // Each form is in the middle of something half of the time.
        let forms = ["dir erofs", "erofs dir"][(round % 2) as usize];
        fs::write(host.join("forms"), forms).unwrap();
        let _ = fs::remove_file(host.join("checked"));
        let mut machine = guest.boot(SCRIPT);
        machine.until("checked");
        for form in FORMS {
            if let Err(why) = check(&guest, form) {
                panic!("round {round}, {form}: {why}\n{}", machine.said());
            }
        }
        sleep(Duration::from_millis(dice.roll(LONGEST).into()));
        let failed = host.join("failed").exists();
        assert!(!failed, "round {round}: {}", machine.said());
        machine.cut();
    }
    for form in FORMS {
        let there = read(&guest, "there", form);
        assert!(!there.is_empty(), "no version ever came into {form}");
    }
}

/// What is wrong with a store, by what the machine found in it.
fn check(guest: &Guest, form: &str) -> Result<(), String> {
    if guest.host().join(format!("damaged.{form}")).exists() {
        return Err(read(guest, "fsck", form));
    }
    let there = read(guest, "there", form);
    if there.is_empty() {
        return Ok(());
    }
    // What was coming may have come and not have been said.
    let (found, coming) = (read(guest, "found", form), read(guest, "coming", form));
    if found != there && found != coming {
        let why = read(guest, "path", form);
        return Err(format!("`{found}` and not `{there}` or `{coming}`: {why}"));
    }
    fs::write(guest.host().join(format!("there.{form}")), found).unwrap();
    Ok(())
}

fn read(guest: &Guest, name: &str, form: &str) -> String {
    guest.read(&format!("{name}.{form}")).trim().to_owned()
}
