//! What came before a line broke or a process died is not fetched again; what turns out wrong is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use common::cut::Cut;
use common::dice::Dice;
use common::faults::Faults;
use common::layout::{Images, Tar};
use common::registry::{Double, Lie};
use common::{chain, publish_images};
use krunner::artifact::Silent;
use krunner::digest::Digest;
use krunner::platform::Platform;
use krunner::registry::{Credentials, Registry};
use krunner::store::{Collect, Error, Pulled, Store};

/// A registry with a volume of one layer that cannot be compressed.
struct Place {
    dir: tempfile::TempDir,
    registry: Double,
    layer: Digest,
    size: usize,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let solid = Dice::new(7).bytes(300_000);
        let images = Images::one(Tar::default().file("solid", &solid).finish());
        let (out, published) = publish_images(dir.path(), &images);
        let registry = Double::start();
        registry.load(&out);
        let layer = &published.platforms[0].layers[0];
        let size = usize::try_from(layer.size).unwrap();
        Self {
            layer: layer.digest,
            size,
            dir,
            registry,
        }
    }

    fn store(&self) -> Store {
        Store::init(&self.dir.path().join("store")).unwrap()
    }

    fn part(&self) -> std::path::PathBuf {
        self.store().root().join("ingest").join(self.layer.hex())
    }

    fn pull(&self) -> Result<Pulled, Error> {
        let client = self.registry.client();
        let reference = self.registry.reference();
        self.store()
            .pull(&client, &reference, Platform::AMD64, &Silent)
    }

    /// From which bytes on the layer was asked for since the last time.
    fn asked(&self) -> Vec<usize> {
        let mut inside = self.registry.inside.lock().unwrap();
        let asked = std::mem::take(&mut inside.blobs_asked).into_iter();
        asked.map(|(_, from)| from).collect()
    }

    fn is_whole(&self) {
        assert_eq!(self.store().fsck(false).unwrap().faults, []);
        let volume = self
            .store()
            .volume_of(&self.registry.reference(), Platform::AMD64)
            .unwrap();
        assert!(Path::new(&volume.path).join("solid").is_file());
    }
}

#[test]
fn a_line_that_breaks_is_taken_up_where_it_broke() {
    let place = Place::new();
    let line = Cut::start(&place.registry.address, u64::MAX, 200_000);
    let reference = format!("{}/krunner:15", line.address);
    let client = Registry::new(reference.parse().unwrap(), Credentials::anonymous()).unwrap();
    let pulled = place
        .store()
        .pull(&client, &reference, Platform::AMD64, &Silent);
    pulled.unwrap();
    assert!(line.broken.load(Ordering::SeqCst));
    let asked = place.asked();
    assert!(matches!(asked[..], [0, again] if again > 0), "{asked:?}");
    assert_eq!(place.store().fsck(false).unwrap().faults, []);
}

#[test]
fn the_next_process_goes_on_where_the_last_one_ended() {
    let place = Place::new();
    place.registry.lie(&[Lie::Truncated(place.layer)]);
    let error = chain(&place.pull().unwrap_err());
    assert!(error.contains(&place.layer.to_string()), "{error}");
    place.registry.lie(&[]);
    place.asked();
    let pulled = place.pull().unwrap();
    assert_eq!(place.asked(), [place.size - 1]);
    assert_eq!(pulled.fetched, 1);
    assert!(!place.part().exists());
    place.is_whole();
}

#[test]
fn collecting_leaves_what_a_pull_may_go_on_with() {
    let place = Place::new();
    place.registry.lie(&[Lie::Truncated(place.layer)]);
    place.pull().unwrap_err();
    let how = Collect {
        keep_last: 1,
        cache: false,
        wait: std::time::Duration::ZERO,
        dry_run: false,
    };
    place.store().gc(how).unwrap();
    assert!(place.part().exists());
    // Until nobody can be thought to come back for it.
    let old = std::time::SystemTime::now() - std::time::Duration::from_hours(25);
    let part = fs::File::options().append(true).open(place.part()).unwrap();
    part.set_modified(old).unwrap();
    assert_eq!(place.store().gc(how).unwrap().leftovers, 1);
    assert!(!place.part().exists());
}

#[test]
fn what_was_there_and_is_wrong_is_fetched_again_once() {
    let place = Place::new();
    for rubbish in [
        vec![7; 1000],
        vec![7; place.size],
        vec![7; place.size + 1000],
    ] {
        let length = rubbish.len();
        let store = place.store();
        fs::write(place.part(), rubbish).unwrap();
        place.asked();
        place.pull().unwrap();
        let asked = place.asked();
        assert_eq!(asked.last(), Some(&0), "{length}: {asked:?}");
        assert!(asked.len() <= 2, "{length}: {asked:?}");
        place.is_whole();
        krunner::fsutil::remove_tree(store.root()).unwrap();
    }
}

#[test]
fn a_blob_that_was_damaged_in_the_store_is_fetched_again() {
    let place = Place::new();
    place.pull().unwrap();
    let store = place.store();
    let blob = store.root().join("blobs/sha256").join(place.layer.hex());
    let mut content = fs::read(&blob).unwrap();
    content[1000] ^= 1;
    fs::write(&blob, content).unwrap();
    krunner::fsutil::remove_tree(&store.root().join("volumes")).unwrap();
    place.asked();
    place.pull().unwrap();
    assert_eq!(place.asked(), [0]);
    place.is_whole();
}

#[test]
fn a_registry_on_a_bad_day_costs_time_and_nothing_else() {
    let place = Place::new();
    place.registry.inside.lock().unwrap().faults = Some(Faults::new(99));
    let mut tries = 0;
    while let Err(error) = place.pull() {
        tries += 1;
        let faults = place.store().fsck(false).unwrap().faults;
        assert_eq!(faults, [], "after {}", chain(&error));
        assert!(tries < 30, "{}", chain(&error));
    }
    place.is_whole();
}
