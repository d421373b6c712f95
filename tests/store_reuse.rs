//! A layer that a volume has already is neither fetched nor copied for another one.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says why it was skipped"
)]

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use common::dice::{Dice, bytes};
use common::layout::{Image, Images, Layer, Packing, Tar};
use common::publish_images;
use krunner::artifact::{Layout, Silent};
use krunner::platform::Platform;
use krunner::store::{Collect, Pulled, Store};

/// ext4 gives a file 65,000 names.
const MOST_NAMES: u32 = 70_000;
/// More than is handed to a writer as a whole.
const LARGE: usize = 300 << 10;

/// A volume of two layers, the first of which is the same in all versions.
fn version(version: &str) -> Images {
    let python = Tar::default()
        .folder("bin")
        .file("bin/python3.13", b"python")
        .hardlink("bin/python", "bin/python3.13")
        .symlink("bin/python3", "python3.13")
        .file("lib/large.so", &bytes(LARGE))
        .file("lib/shared.py", b"shared");
    let wheels = Tar::default()
        .folder("lib")
        .file("lib/wheel.py", version.as_bytes());
    Images(vec![Image {
        architecture: "amd64",
        layers: vec![
            Layer("python", python.finish(), Packing::Zstd),
            Layer("wheels", wheels.finish(), Packing::Zstd),
        ],
    }])
}

fn pull(dir: &Path, store: &Store, images: &Images) -> Pulled {
    let (out, _) = publish_images(dir, images);
    let source = Layout::folder(&out, Some("15"));
    store
        .pull(&source, "oci:out:15", Platform::AMD64, &Silent)
        .unwrap()
}

fn inode(pulled: &Pulled, path: &str) -> u64 {
    fs::symlink_metadata(pulled.path.join(path)).unwrap().ino()
}

#[test]
fn the_files_of_an_unchanged_layer_are_linked_and_the_rest_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::init(&dir.path().join("store")).unwrap();
    let first = pull(dir.path(), &store, &version("1"));
    let second = pull(dir.path(), &store, &version("22"));
    for path in [
        "bin/python3.13",
        "bin/python",
        "bin/python3",
        "lib/shared.py",
    ] {
        assert_eq!(inode(&first, path), inode(&second, path), "{path}");
    }
    assert_eq!(
        inode(&second, "bin/python"),
        inode(&second, "bin/python3.13")
    );
    assert_ne!(
        inode(&first, "lib/wheel.py"),
        inode(&second, "lib/wheel.py")
    );
    assert!(second.fetched > 0 && second.fetched < first.fetched);
    assert_eq!(store.fsck(false).unwrap().faults, []);
    store
        .gc(Collect {
            keep_last: 1,
            cache: false,
            wait: Duration::ZERO,
            dry_run: false,
        })
        .unwrap();
    assert!(!first.path.exists());
    assert_eq!(fs::read(second.path.join("bin/python")).unwrap(), b"python");
    assert_eq!(store.fsck(false).unwrap().faults, []);
}

#[test]
fn a_file_that_was_touched_is_written_anew_and_the_others_are_compared_and_linked() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::init(&dir.path().join("store")).unwrap();
    let first = pull(dir.path(), &store, &version("1"));
    let file = fs::File::open(first.path.join("lib/shared.py")).unwrap();
    file.set_modified(SystemTime::now()).unwrap();
    let second = pull(dir.path(), &store, &version("2"));
    let path = "lib/shared.py";
    assert_ne!(inode(&first, path), inode(&second, path));
    let path = "bin/python";
    assert_eq!(inode(&first, path), inode(&second, path));
    assert_eq!(store.fsck(false).unwrap().faults.len(), 1);
}

#[test]
fn a_file_that_takes_no_further_name_is_written_instead() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::init(&dir.path().join("store")).unwrap();
    let first = pull(dir.path(), &store, &version("1"));
    let full = ["lib/shared.py", "lib/large.so"];
    for path in full {
        if !fill(&first.path.join(path), &dir.path().join(path)) {
            eprintln!("skipped: this file system gives a file more than {MOST_NAMES} names");
            return;
        }
    }
    let second = pull(dir.path(), &store, &version("2"));
    for path in full {
        assert_ne!(inode(&first, path), inode(&second, path), "{path}");
    }
    let path = "bin/python";
    assert_eq!(inode(&first, path), inode(&second, path));
    assert_eq!(store.fsck(false).unwrap().faults, []);
}

/// Gives a file all names that it may have. Whether it has so many.
fn fill(file: &Path, names: &Path) -> bool {
    fs::create_dir_all(names).unwrap();
    let link = |number: u32| fs::hard_link(file, names.join(number.to_string()));
    (0..MOST_NAMES).any(|number| link(number).is_err())
}

#[test]
fn a_link_that_was_replaced_is_not_handed_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::init(&dir.path().join("store")).unwrap();
    let first = pull(dir.path(), &store, &version("1"));
    let link = first.path.join("bin/python3");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("elsewhere!", &link).unwrap();
    let second = pull(dir.path(), &store, &version("2"));
    let target = fs::read_link(second.path.join("bin/python3")).unwrap();
    assert_eq!(target, Path::new("python3.13"));
    assert_ne!(inode(&first, "bin/python3"), inode(&second, "bin/python3"));
}

#[test]
fn of_a_changed_layer_only_what_is_new_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::init(&dir.path().join("store")).unwrap();
    let large = Dice::new(5).bytes(700_000);
    let mut other = large.clone();
    other[400_000] ^= 1;
    let version = |changed: &[u8], text: &[u8]| {
        let wheels = Tar::default()
            .file("lib/large-same.so", &large)
            .file("lib/large-new.so", changed)
            .file("lib/same.py", b"same")
            .file("lib/new.py", text);
        Images::one(wheels.finish())
    };
    let first = pull(dir.path(), &store, &version(&large, b"1111"));
    let second = pull(dir.path(), &store, &version(&other, b"2222"));
    for path in ["lib/large-same.so", "lib/same.py"] {
        assert_eq!(inode(&first, path), inode(&second, path), "{path}");
    }
    for path in ["lib/large-new.so", "lib/new.py"] {
        assert_ne!(inode(&first, path), inode(&second, path), "{path}");
    }
    assert_eq!(
        fs::read(second.path.join("lib/large-new.so")).unwrap(),
        other
    );
    assert_eq!(fs::read(second.path.join("lib/new.py")).unwrap(), b"2222");
    assert_eq!(store.fsck(false).unwrap().faults, []);
}

#[test]
fn a_repair_of_shared_files_mends_every_volume_that_has_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::init(&dir.path().join("store")).unwrap();
    let first = pull(dir.path(), &store, &version("1"));
    let second = pull(dir.path(), &store, &version("2"));
    fs::write(first.path.join("lib/shared.py"), b"broken").unwrap();
    assert_eq!(store.fsck(false).unwrap().faults.len(), 2);
    store.fsck(true).unwrap();
    assert_eq!(store.fsck(false).unwrap().faults, []);
    for volume in [&first, &second] {
        let content = fs::read(volume.path.join("lib/shared.py")).unwrap();
        assert_eq!(content, b"shared");
    }
}
