//! What checking finds, and what repairing mends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use common::published;
use krunner::artifact::{Layout, PublishedPlatform, Silent};
use krunner::platform::Platform;
use krunner::store::{Place, Pulled, Remedy, Store};

struct Node {
    dir: tempfile::TempDir,
    store: Store,
    pulled: Pulled,
    platform: PublishedPlatform,
}

impl Node {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (out, published) = published(dir.path());
        let store = Store::init(&dir.path().join("store")).unwrap();
        let pulled = pull(&store, &out);
        let platform = published.platforms.into_iter().next().unwrap();
        Self {
            dir,
            store,
            pulled,
            platform,
        }
    }

    fn faults(&self) -> Vec<String> {
        let faults = self.store.fsck(false).unwrap().faults;
        let said = faults.iter().map(|fault| match &fault.place {
            Place::Volume {
                path: Some(path), ..
            } => format!("{}: {}", path.display(), fault.message),
            _ => fault.message.clone(),
        });
        said.collect()
    }
}

fn pull(store: &Store, out: &Path) -> Pulled {
    let source = Layout::folder(out, Some("15"));
    store
        .pull(&source, "oci:out:15", Platform::AMD64, &Silent)
        .unwrap()
}

#[test]
fn a_store_as_it_was_pulled_has_no_faults() {
    let node = Node::new();
    let checked = node.store.fsck(false).unwrap();
    assert_eq!(checked.faults, []);
    assert_eq!((checked.volumes, checked.names, checked.blobs), (1, 1, 6));
}

#[test]
fn every_kind_of_change_in_a_volume_is_named_and_mended() {
    type Change = fn(&Path);
    let changes: &[(Change, &str)] = &[
        (
            |fs| write_over(&fs.join("lib/a.py"), b"a = 2\n"),
            "lib/a.py: Has other content",
        ),
        (
            |fs| fs::write(fs.join("lib/a.py"), b"a").unwrap(),
            "lib/a.py: Has 1 bytes instead of 6",
        ),
        (
            |fs| fs::remove_file(fs.join("lib/a.py")).unwrap(),
            "lib/a.py: Is missing, or no file",
        ),
        (
            |fs| fs::set_permissions(fs.join("bin/ttyd"), Permissions::from_mode(0o4755)).unwrap(),
            "bin/ttyd: Has the mode 4755 instead of 0755",
        ),
        (
            |fs| {
                fs::remove_file(fs.join("bin/python3")).unwrap();
                symlink("/bin/sh", fs.join("bin/python3")).unwrap();
            },
            "bin/python3: Does not lead to `python3.13`",
        ),
        (
            |fs| {
                fs::remove_file(fs.join("bin/python")).unwrap();
                fs::copy(fs.join("bin/python3.13"), fs.join("bin/python")).unwrap();
            },
            "bin/python: Is not the same file as `bin/python3.13`",
        ),
        (
            |fs| fs::write(fs.join("lib/more.py"), b"").unwrap(),
            "lib/more.py: Is in no layer",
        ),
        (
            |fs| {
                fs::remove_dir(fs.join("lib/mount")).unwrap();
                symlink("/", fs.join("lib/mount")).unwrap();
            },
            "lib/mount: Is no folder",
        ),
        (
            |fs| fs::remove_file(fs.join("../ready.json")).unwrap(),
            "No valid `ready.json`",
        ),
    ];
    for (change, said) in changes {
        let node = Node::new();
        change(&node.pulled.path);
        let faults = node.faults();
        assert!(
            faults.iter().any(|fault| fault == said),
            "{said}: {faults:?}"
        );
        let mended = node.store.fsck(true).unwrap();
        assert!(
            mended
                .faults
                .iter()
                .all(|fault| fault.remedy == Remedy::Rebuilt),
            "{said}: {:?}",
            mended.faults
        );
        assert_eq!(node.faults(), Vec::<String>::new(), "{said}");
        assert!(node.pulled.path.join("lib/a.py").exists());
    }
}

/// Writes as many other bytes, and leaves the time as it was.
fn write_over(path: &Path, content: &[u8]) {
    let time = fs::metadata(path).unwrap().modified().unwrap();
    fs::write(path, content).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn a_damaged_blob_is_taken_away_and_comes_back_with_the_next_pull() {
    let node = Node::new();
    for descriptor in [&node.platform.layers[0], &node.platform.manifest] {
        let hex = descriptor.digest.hex();
        let blob = node.store.root().join("blobs/sha256").join(hex);
        let mut content = fs::read(&blob).unwrap();
        content[20] ^= 1;
        fs::write(&blob, content).unwrap();
        let faults = node.store.fsck(true).unwrap().faults;
        let remedies: Vec<Remedy> = faults.iter().map(|fault| fault.remedy).collect();
        // The volume stays, although nobody can vouch for it now.
        assert_eq!(remedies, [Remedy::Removed, Remedy::Pull]);
        let again = pull(&node.store, &node.dir.path().join("out"));
        assert!(again.unchanged);
        assert_eq!(node.faults(), Vec::<String>::new());
    }
}

#[test]
fn a_name_without_its_volume_gets_it_back_from_the_layers() {
    let node = Node::new();
    fs::remove_dir_all(node.pulled.path.parent().unwrap()).unwrap();
    assert_eq!(node.faults().len(), 1);
    let faults = node.store.fsck(true).unwrap().faults;
    assert_eq!(faults[0].remedy, Remedy::Rebuilt);
    assert_eq!(node.faults(), Vec::<String>::new());
}

#[test]
fn documents_that_do_not_parse_are_taken_away_only_by_a_repair() {
    let node = Node::new();
    let files = ["names/x.json", "leases/x.json"].map(|file| node.store.root().join(file));
    for file in &files {
        fs::write(file, b"{").unwrap();
    }
    assert_eq!(node.faults().len(), 2);
    assert!(files.iter().all(|file| file.exists()));
    node.store.fsck(true).unwrap();
    assert!(files.iter().all(|file| !file.exists()));
    assert_eq!(node.faults(), Vec::<String>::new());
}
