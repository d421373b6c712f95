//! Versions of a volume, each in a folder that a machine sees, as folders of files and as EROFS images.

use std::fs;
use std::path::Path;

use crate::common::dice::Dice;
use crate::guest::{Guest, program};

/// Files that every version has, and files that each has of its own.
const FILES: u32 = 120;
/// What cannot be compressed, so that it takes a while to come.
const SOLID: usize = 1 << 20;

/// Packs a version: the folder `/host/NAME` of the machine is its layout, with the tag `15`.
#[track_caller]
pub(crate) fn publish(guest: &Guest, name: &str, compression: &str) {
    let from = guest.host().with_file_name(format!("from-{name}"));
    write(&from.join("common"), "every version", 1);
    write(&from.join("own"), name, 2);
    fs::write(from.join("version"), name).unwrap();
    fs::create_dir(from.join("bin")).unwrap();
    program(&from.join("bin/tool"), "#!/bin/sh\necho \"tool of $1\"\n");
    let from = from.display().to_string();
    let to = format!("oci:{}:15", guest.host().join(name).display());
    let twin = format!("--erofs={compression}");
    let words = ["pack", &from, &to, "--platform", "linux/amd64", &twin];
    let output = guest.krunner(&words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

fn write(folder: &Path, text: &str, seed: u32) {
    for number in 0..FILES {
        let below = folder.join((number % 7).to_string());
        fs::create_dir_all(&below).unwrap();
        let content = format!("{text} {number}\n").repeat(200);
        fs::write(below.join(number.to_string()), content).unwrap();
    }
    fs::write(folder.join("solid"), Dice::new(seed).bytes(SOLID)).unwrap();
}
