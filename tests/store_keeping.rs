//! What stays in a store and what goes: names with their past, leases, and collecting.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::layout::{Images, Tar};
use common::node::Node;
use common::publish_images;
use krunner::artifact::{Layout, Silent};
use krunner::platform::Platform;
use krunner::store::{Collect, Collected, Error, Pulled, Reason, Store};

const REFERENCE: &str = "oci:out:15";

impl Node {
    /// Publishes another version and pulls it.
    fn pull(&self, version: &str) -> Pulled {
        let tar = Tar::default().file("version", version.as_bytes()).finish();
        let (out, _) = publish_images(self.dir.path(), &Images::one(tar));
        pull(&self.store, &out)
    }
}

fn pull(store: &Store, out: &Path) -> Pulled {
    let source = Layout::folder(out, Some("15"));
    store
        .pull(&source, REFERENCE, Platform::AMD64, &Silent)
        .unwrap()
}

fn keep(keep_last: usize) -> Collect {
    Collect {
        keep_last,
        cache: false,
        wait: Duration::from_millis(500),
        dry_run: false,
    }
}

fn blobs(store: &Store) -> usize {
    fs::read_dir(store.root().join("blobs/sha256"))
        .unwrap()
        .count()
}

#[test]
fn collecting_takes_what_no_name_keeps_and_leaves_the_rest_whole() {
    let node = Node::new();
    let [first, second, third] = ["1", "2", "3"].map(|version| node.pull(version));
    let dry = node
        .store
        .gc(Collect {
            dry_run: true,
            ..keep(2)
        })
        .unwrap();
    assert_eq!(dry.volumes, [first.manifest]);
    assert!(first.path.exists());
    let collected = node.store.gc(keep(2)).unwrap();
    assert_eq!(collected, dry);
    // An index, a manifest and a layer; the config is in the manifest.
    assert_eq!((collected.blobs.len(), blobs(&node.store)), (3, 6));
    assert!(collected.bytes > 0);
    assert!(!first.path.exists() && second.path.exists() && third.path.exists());
    assert!(
        fs::read_dir(node.store.root().join("trash"))
            .unwrap()
            .next()
            .is_none()
    );
    assert_eq!(node.store.gc(keep(2)).unwrap(), Collected::default());
    assert_eq!(node.store.gc(keep(1)).unwrap().volumes, [second.manifest]);
    assert!(node.store.fsck(false).unwrap().faults.is_empty());
}

#[test]
fn a_lease_keeps_a_volume_until_it_is_released_or_ends() {
    let node = Node::new();
    let first = node.pull("1");
    node.store
        .lease("container", &first.manifest, None)
        .unwrap();
    node.store
        .lease("soon over", &first.manifest, Some(Duration::ZERO))
        .unwrap();
    node.pull("2");
    let collected = node.store.gc(keep(1)).unwrap();
    assert_eq!(collected.volumes, []);
    assert_eq!(collected.leases, ["soon over"]);
    let held = node.store.volumes().unwrap();
    let held = held
        .iter()
        .find(|held| held.ready.manifest == first.manifest)
        .unwrap();
    let id = "container".to_owned();
    assert_eq!(held.kept, [Reason::Lease { id }]);
    assert!(node.store.release("container").unwrap());
    assert!(!node.store.release("container").unwrap());
    assert_eq!(node.store.gc(keep(1)).unwrap().volumes, [first.manifest]);
    assert!(matches!(
        node.store.lease("late", &first.manifest, None),
        Err(Error::Gone(_))
    ));
    for id in ["", "a\nb", &"x".repeat(256)] {
        let refused = node.store.lease(id, &first.manifest, None);
        assert!(matches!(refused, Err(Error::LeaseId(_))), "{id}");
    }
}

#[test]
fn a_name_goes_back_to_what_it_led_to_before_and_forth_again() {
    let node = Node::new();
    let [first, second] = ["1", "2"].map(|version| node.pull(version));
    let name = node.store.rollback(REFERENCE, None).unwrap();
    assert_eq!(name.current.digest, first.digest);
    assert!(name.refused.contains(&second.digest));
    let volume = node.store.volume_of(REFERENCE, Platform::AMD64).unwrap();
    assert_eq!(fs::read(volume.path.join("version")).unwrap(), b"1");
    // What was refused is not gone back to unasked.
    assert!(matches!(
        node.store.rollback(REFERENCE, None),
        Err(Error::NoEarlier { .. })
    ));
    let name = node
        .store
        .rollback(REFERENCE, Some(&second.digest))
        .unwrap();
    assert_eq!(name.current.digest, second.digest);
    assert!(name.refused.contains(&first.digest) && !name.refused.contains(&second.digest));
    // Nor is a version whose volume is gone.
    fs::remove_dir_all(first.path.parent().unwrap()).unwrap();
    assert!(matches!(
        node.store.rollback(REFERENCE, Some(&first.digest)),
        Err(Error::NoEarlier { .. })
    ));
    assert!(matches!(
        node.store.rollback("oci:never", None),
        Err(Error::NoName(_))
    ));
}

#[test]
fn pulling_by_will_takes_what_was_refused() {
    let node = Node::new();
    node.pull("1");
    let second = node.pull("2");
    node.store.rollback(REFERENCE, None).unwrap();
    let again = pull(&node.store, &node.dir.path().join("out"));
    assert!(again.unchanged && again.manifest == second.manifest);
    let name = node.store.name(REFERENCE).unwrap().unwrap();
    assert_eq!(name.current.digest, second.digest);
    assert!(name.refused.is_empty());
    assert_eq!(name.history.len(), 1);
}

#[test]
fn collecting_waits_for_who_uses_the_store_and_then_gives_up() {
    let node = Node::new();
    node.pull("1");
    let lock = fs::File::open(node.store.root().join("locks/store")).unwrap();
    lock.lock_shared().unwrap();
    assert!(matches!(node.store.gc(keep(1)), Err(Error::Busy { .. })));
    let store = node.store.clone();
    let waiting = std::thread::spawn(move || {
        store.gc(Collect {
            wait: Duration::from_secs(30),
            ..keep(1)
        })
    });
    drop(lock);
    waiting.join().unwrap().unwrap();
}

#[test]
fn what_killed_processes_left_is_collected() {
    let node = Node::new();
    let pulled = node.pull("1");
    let root = node.store.root();
    fs::write(root.join("ingest/half"), b"half").unwrap();
    fs::create_dir_all(root.join("staging/half/fs")).unwrap();
    fs::create_dir_all(root.join("trash/old/fs")).unwrap();
    // What a document is written to before it has its name speaks for nothing.
    let name = fs::read_dir(root.join("names")).unwrap().next();
    fs::copy(name.unwrap().unwrap().path(), root.join("names/.half")).unwrap();
    assert_eq!(node.store.names().unwrap().len(), 1);
    assert_eq!(node.store.gc(keep(1)).unwrap().leftovers, 4);
    assert!(!root.join("names/.half").exists());
    for folder in ["ingest", "staging", "trash"] {
        assert_eq!(fs::read_dir(root.join(folder)).unwrap().count(), 0);
    }
    assert!(pulled.path.exists());
}

#[test]
fn nothing_is_collected_while_a_name_cannot_be_read() {
    let node = Node::new();
    let pulled = node.pull("1");
    let names = fs::read_dir(node.store.root().join("names")).unwrap();
    for name in names {
        fs::write(name.unwrap().path(), b"{").unwrap();
    }
    assert!(matches!(node.store.gc(keep(1)), Err(Error::Damaged { .. })));
    assert!(pulled.path.exists());
}

#[test]
#[expect(clippy::print_stderr, reason = "why it was skipped")]
fn a_volume_that_some_process_has_mounted_stays() {
    let node = Node::new();
    let first = node.pull("1");
    node.pull("2");
    let place = node.dir.path().join("place");
    fs::create_dir(&place).unwrap();
    // In a mount namespace of its own, as containers are: our own table does not show it.
    let mut process = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c"])
        .arg("mount --bind \"$1\" \"$2\" && echo mounted && read line")
        .arg("sh")
        .args([&first.path, &place])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let stdout = process.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut said).unwrap();
    if said != "mounted\n" {
        process.wait().unwrap();
        eprintln!("skipped: this machine lets nobody mount in a namespace of their own");
        return;
    }
    assert_eq!(node.store.gc(keep(1)).unwrap().volumes, []);
    drop(process.stdin.take());
    process.wait().unwrap();
    assert_eq!(node.store.gc(keep(1)).unwrap().volumes, [first.manifest]);
}
