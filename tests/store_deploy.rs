//! Several platforms of one reference come together, and a name that nobody needs any more is forgotten.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::layout::{Image, Images, Layer, Packing, Tar};
use common::node::Node;
use common::publish_images;
use krunner::artifact::{Layout, Silent};
use krunner::platform::Platform;
use krunner::store::{Collect, Deployed, Error};

const REFERENCE: &str = "oci:out:15";
const BOTH: [Platform; 2] = [Platform::AMD64, Platform::ARM64];

impl Node {
    /// Publishes a version for these architectures.
    fn publish(&self, version: &str, architectures: &[&'static str]) {
        let image = |architecture: &&'static str| Image {
            architecture,
            layers: vec![Layer(
                "base",
                Tar::default().file("version", version.as_bytes()).finish(),
                Packing::Zstd,
            )],
        };
        let images = Images(architectures.iter().map(image).collect());
        let _ = std::fs::remove_dir_all(self.dir.path().join("out"));
        publish_images(self.dir.path(), &images);
    }

    fn deploy(&self) -> Result<Deployed, Error> {
        let source = Layout::folder(&self.dir.path().join("out"), Some("15"));
        self.store.deploy(&source, REFERENCE, &BOTH, &Silent)
    }

    fn version(&self, platform: Platform) -> String {
        let volume = self.store.volume_of(REFERENCE, platform).unwrap();
        std::fs::read_to_string(volume.path.join("version")).unwrap()
    }
}

#[test]
fn all_platforms_switch_together_or_not_at_all() {
    let node = Node::new();
    node.publish("1", &["amd64", "arm64"]);
    assert!(matches!(
        node.deploy().unwrap(),
        Deployed::Switched { fetched, .. } if fetched > 0
    ));
    assert!(matches!(node.deploy().unwrap(), Deployed::Unchanged(_)));
    node.publish("2", &["amd64"]);
    node.deploy().unwrap_err();
    assert_eq!(BOTH.map(|platform| node.version(platform)), ["1", "1"]);
    node.publish("3", &["amd64", "arm64"]);
    node.deploy().unwrap();
    assert_eq!(BOTH.map(|platform| node.version(platform)), ["3", "3"]);
    let name = node.store.name(REFERENCE).unwrap().unwrap();
    assert_eq!(name.history.len(), 1);
    // A volume that went is made again.
    let lost = node.store.volume_of(REFERENCE, Platform::ARM64).unwrap();
    std::fs::remove_dir_all(lost.path.parent().unwrap()).unwrap();
    assert!(matches!(
        node.deploy().unwrap(),
        Deployed::Switched { fetched: 0, .. }
    ));
    assert_eq!(node.version(Platform::ARM64), "3");
}

#[test]
fn what_was_rolled_back_from_is_not_deployed_again() {
    let node = Node::new();
    for version in ["1", "2"] {
        node.publish(version, &["amd64", "arm64"]);
        node.deploy().unwrap();
    }
    node.store.rollback(REFERENCE, None).unwrap();
    assert!(matches!(node.deploy().unwrap(), Deployed::Refused(_)));
    assert_eq!(node.version(Platform::AMD64), "1");
    node.publish("3", &["amd64", "arm64"]);
    assert!(matches!(node.deploy().unwrap(), Deployed::Switched { .. }));
    assert_eq!(node.version(Platform::AMD64), "3");
}

#[test]
fn a_forgotten_name_keeps_nothing() {
    let node = Node::new();
    node.publish("1", &["amd64", "arm64"]);
    node.deploy().unwrap();
    assert!(node.store.forget(REFERENCE).unwrap());
    assert!(!node.store.forget(REFERENCE).unwrap());
    let collected = node.store.gc(Collect {
        keep_last: 2,
        cache: false,
        wait: Duration::ZERO,
        dry_run: false,
    });
    assert_eq!(collected.unwrap().volumes.len(), 2);
    assert!(node.store.fsck(false).unwrap().faults.is_empty());
}
