//! A disk that is full or takes nothing: a clear error, and everything that was there is still whole.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a test that cannot run says so")]

mod common;

use std::path::Path;
use std::process::Command;

use common::dice::Dice;
use common::layout::{Image, Images, Layer, Packing, Tar};
use common::{chain, publish_images};
use krunner::artifact::{Layout, Silent};
use krunner::platform::Platform;
use krunner::store::{Error, Pulled, Store};

/// A small disk; gone when it is dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(options: &str) -> Option<Self> {
        let disk = Self(tempfile::tempdir().unwrap());
        disk.mount(options).then_some(disk)
    }

    fn mount(&self, options: &str) -> bool {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(self.0.path());
        let done = mount.output().is_ok_and(|output| output.status.success());
        if !done {
            eprintln!("skipped: this process may not mount a tmpfs");
        }
        done
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.0.path())
            .output();
    }
}

/// A volume with so many bytes, of which some cannot be compressed.
fn pull(dir: &Path, store: &Store, files: usize, solid: usize) -> Result<Pulled, Error> {
    let mut dice = Dice::new(3);
    let tar = (0..files).fold(Tar::default(), |tar, number| {
        let mut content = dice.bytes(2_000);
        content.resize(100_000, b'x');
        tar.file(&format!("lib/{number}"), &content)
    });
    let tar = tar.file("solid", &dice.bytes(solid)).finish();
    let images = Images(vec![Image {
        architecture: "amd64",
        layers: vec![Layer("python", tar, Packing::Zstd)],
    }]);
    let (out, _) = publish_images(dir, &images);
    let source = Layout::folder(&out, Some("15"));
    store.pull(&source, "oci:out:15", Platform::AMD64, &Silent)
}

fn is_empty(store: &Store, folder: &str) -> bool {
    std::fs::read_dir(store.root().join(folder))
        .unwrap()
        .next()
        .is_none()
}

#[test]
fn a_full_disk_is_said_and_leaves_what_was_there() {
    let Some(disk) = Disk::new("size=4m") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let store = Store::init(&disk.0.path().join("store")).unwrap();
    let before = pull(dir.path(), &store, 1, 10).unwrap();

    // Packed it is nothing, so that only writing shows it.
    let error = pull(dir.path(), &store, 60, 10).unwrap_err();
    let said = chain(&error);
    assert!(said.contains("No space left on device"), "{said}");
    assert!(said.contains("lib/"), "{said}");
    // And this one shows by its size.
    let error = pull(dir.path(), &store, 1, 3 << 20).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{}", chain(&error));

    for folder in ["staging", "ingest"] {
        assert!(is_empty(&store, folder), "{folder}");
    }
    assert_eq!(store.fsck(false).unwrap().faults, []);
    let volume = store.volume_of("oci:out:15", Platform::AMD64).unwrap();
    assert_eq!(volume.path, before.path);
    // With room again, it goes on.
    pull(dir.path(), &store, 2, 10).unwrap();
    assert_eq!(store.fsck(false).unwrap().faults, []);
}

#[test]
fn a_disk_that_takes_nothing_is_said_and_still_serves() {
    let Some(disk) = Disk::new("size=8m") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let store = Store::init(&disk.0.path().join("store")).unwrap();
    let before = pull(dir.path(), &store, 1, 10).unwrap();
    assert!(disk.mount("remount,ro"));
    let error = pull(dir.path(), &store, 2, 10).unwrap_err();
    assert!(
        chain(&error).contains("Read-only file system"),
        "{}",
        chain(&error)
    );
    let store = Store::open(store.root()).unwrap();
    let volume = store.volume_of("oci:out:15", Platform::AMD64).unwrap();
    assert_eq!(volume.path, before.path);
    assert!(volume.path.join("lib/0").is_file());
}
