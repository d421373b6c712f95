//! The same tree makes the same bytes: with any number of threads, on every run, however its files came to lie there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod snapshot;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use snapshot::krunner_in;

/// Files enough for several of the parts that zstd hands to threads, at the level that makes the smallest parts.
const FILES: usize = 60;
const SIZE: usize = 200 << 10;

/// Makes the tree, its files in the order of a walk with this stride, with modes and times that mean nothing.
fn tree(dir: &Path, stride: usize, mode: u32) {
    for number in (0..FILES).map(|number| number * stride % FILES) {
        let folder = dir.join(format!("part-{}", number % 7));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("file-{number}"));
        fs::write(&file, content(number)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    }
    symlink("part-0/file-0", dir.join("link")).unwrap();
}

/// Text that compresses as text does.
fn content(number: usize) -> Vec<u8> {
    let mut state = number as u64 + 1;
    let mut text = String::with_capacity(SIZE + 20);
    while text.len() < SIZE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        writeln!(text, "{} = {number}", state % 251).unwrap();
    }
    text.into_bytes()
}

#[test]
fn threads_runs_and_the_order_of_files_on_disk_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    tree(&dir.path().join("one"), 1, 0o644);
    tree(&dir.path().join("two"), 37, 0o600);
    let mut said = Vec::new();
    for (run, (folder, threads)) in [("one", 1), ("one", 2), ("one", 2), ("two", 1), ("two", 2)]
        .iter()
        .enumerate()
    {
        // A store for every run, so that nothing comes from its cache.
        let args = format!(
            "pack tree={folder} oci:out:{run} --platform linux/amd64 --level 1 --threads {threads} --store store-{run}"
        );
        let args: Vec<&str> = args.split(' ').collect();
        let out = krunner_in(dir.path(), &args);
        let digest = out.lines().find(|line| line.starts_with("sha256:"));
        said.push(digest.unwrap_or(&out).to_owned());
    }
    said.dedup();
    insta::assert_snapshot!(said.join("\n"));
}
