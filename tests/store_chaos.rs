//! Many processes at one store, and processes killed at any point: what is visible is whole, what was verified is not
//! fetched again, and the next pull works.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::dice::Dice;
use common::faults::Faults;
use common::layout::{Image, Images, Layer, Packing, Tar};
use common::publish_images;
use common::registry::Double;
use krunner::digest::Digest;
use krunner::platform::Platform;
use krunner::store::Store;

/// How often a process is killed.
const KILLS: u32 = 200;
/// And how late at most.
const LONGEST: Duration = Duration::from_millis(60);

/// How many versions there are, one of whose two layers is the same in all.
const VERSIONS: u32 = 4;
/// Where chance begins. Printed with every failure, and the same in every run.
const SEED: u32 = 0x5eed;
/// So much of a layer cannot be compressed, so that it takes a while to come.
const SOLID: usize = 384 << 10;

/// A registry with versions of a volume, and a folder for a store.
struct Place {
    dir: tempfile::TempDir,
    registry: Double,
    versions: Vec<Digest>,
}

impl Place {
    fn new() -> Self {
        // Flushing waits for whatever else this machine writes, and nobody cuts the power here.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() {
            tempfile::tempdir_in(memory).unwrap()
        } else {
            tempfile::tempdir().unwrap()
        };
        let registry = Double::start();
        let many = |prefix: &str, text: &str, solid: &[u8]| {
            let tar = Tar::default().folder(prefix);
            let files = 0..100;
            let tar = files.fold(tar, |tar, number| {
                let content = format!("{text} {number} ").repeat(100);
                tar.file(&format!("{prefix}/{number}"), content.as_bytes())
            });
            tar.file(&format!("{prefix}/solid"), solid).finish()
        };
        let mut dice = Dice::new(SEED);
        let same = dice.bytes(SOLID);
        let mut versions = Vec::new();
        for version in 0..VERSIONS {
            let other = dice.bytes(SOLID);
            let images = Images(vec![Image {
                architecture: "amd64",
                layers: vec![
                    Layer("python", many("python", "same", &same), Packing::Zstd),
                    Layer(
                        "wheels",
                        many("wheels", &version.to_string(), &other),
                        Packing::Zstd,
                    ),
                ],
            }]);
            let (out, published) = publish_images(dir.path(), &images);
            registry.load(&out);
            std::fs::remove_dir_all(out).unwrap();
            versions.push(published.index.digest);
        }
        Self {
            dir,
            registry,
            versions,
        }
    }

    /// Lets the tag name a version.
    fn point_at(&self, version: u32) {
        self.registry.point_at(&self.versions[version as usize]);
    }

    /// Whether something goes wrong in the registry.
    fn faults(&self, faults: Option<Faults>) {
        self.registry.inside.lock().unwrap().faults = faults;
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    fn krunner(&self, args: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_krunner"))
            .args(args)
            .env_clear()
            .env("KRUNNER_STORE", self.root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn pull(&self) -> Child {
        let reference = self.registry.reference();
        self.krunner(&["pull", &reference, "--platform", "linux/amd64"])
    }

    /// The blobs that were asked for since the last time, and from which byte on.
    fn fetched(&self) -> Vec<(String, usize)> {
        let mut inside = self.registry.inside.lock().unwrap();
        let asked = std::mem::take(&mut inside.blobs_asked).into_iter();
        asked
            .map(|(digest, from)| (digest.replace("sha256:", ""), from))
            .collect()
    }

    /// What has come of blobs that are not whole.
    fn parts(&self) -> BTreeMap<String, usize> {
        let folder = self.root().join("ingest");
        let length = |name: &String| {
            let meta = std::fs::metadata(folder.join(name)).unwrap();
            usize::try_from(meta.len()).unwrap()
        };
        names(&folder)
            .into_iter()
            .map(|name| (name.clone(), length(&name)))
            .collect()
    }

    /// The blobs of which wrong bytes were sent, and may be among those that are there.
    fn wrong(&self) -> BTreeSet<String> {
        let mut inside = self.registry.inside.lock().unwrap();
        let faults = inside.faults.as_mut().unwrap();
        faults
            .wrong
            .iter()
            .map(|digest| digest.replace("sha256:", ""))
            .collect()
    }

    /// Of what is not there any more no byte can be wrong.
    fn forget_wrong(&self, parts: &BTreeMap<String, usize>) {
        let mut inside = self.registry.inside.lock().unwrap();
        let faults = inside.faults.as_mut().unwrap();
        faults
            .wrong
            .retain(|digest| parts.contains_key(&digest.replace("sha256:", "")));
    }

    fn blobs(&self) -> BTreeSet<String> {
        names(&self.root().join("blobs/sha256"))
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn twenty_processes_that_pull_one_reference_fetch_it_once() {
    let place = Place::new();
    let pulls: Vec<Child> = (0..20).map(|_| place.pull()).collect();
    for mut pull in pulls {
        assert!(pull.wait().unwrap().success());
    }
    let fetched: Vec<String> = place.fetched().into_iter().map(|(hex, _)| hex).collect();
    let once: BTreeSet<_> = fetched.iter().collect();
    assert_eq!(fetched.len(), once.len(), "{fetched:?}");
    assert_eq!(once.len(), 2);
}

#[test]
fn whoever_is_killed_when_leaves_a_store_that_is_whole() {
    let place = Place::new();
    place.faults(Some(Faults::new(SEED)));
    let began = Instant::now();
    let store = Store::init(&place.root()).unwrap();
    while !place.pull().wait().unwrap().success() {}
    let longest = began.elapsed().min(LONGEST);
    let mut dice = Dice::new(SEED);
    let mut killed = 0;
    for round in 0..KILLS {
        let place_of = format!("seed {SEED:#x}, round {round}");
        place.fetched();
        let (blobs, parts) = (place.blobs(), place.parts());
        place.forget_wrong(&parts);
        let mut process = match dice.roll(4) {
            0 => place.krunner(&["gc", "--keep-last", "1", "--wait", "0"]),
            1 => {
                // A volume that is not there is pulled anew, and its layers are there already.
                let _ = std::fs::remove_dir_all(place.root().join("volumes"));
                std::fs::create_dir(place.root().join("volumes")).unwrap();
                place.pull()
            }
            _ => {
                place.point_at(dice.roll(VERSIONS));
                place.pull()
            }
        };
        sleep(longest.mul_f64(f64::from(dice.roll(1000)) / 900.0));
        process.kill().unwrap();
        killed += u32::from(!process.wait().unwrap().success());
        let wrong = place.wrong();
        for (hex, from) in place.fetched() {
            let there = parts.get(&hex).copied().unwrap_or(0);
            assert!(!blobs.contains(&hex), "{place_of}: fetched twice: {hex}");
            // Bytes that were wrong were never verified.
            assert!(
                from >= there || wrong.contains(&hex),
                "{place_of}: of {hex} {there} bytes were there, and it was asked for from {from}"
            );
        }
        whole(&store, &place_of);
        if round % 20 == 19 {
            let faults = place.registry.inside.lock().unwrap().faults.take();
            assert!(place.pull().wait().unwrap().success(), "{place_of}");
            place.faults(faults);
            let reference = place.registry.reference();
            store.volume_of(&reference, Platform::AMD64).unwrap();
            assert_eq!(store.fsck(false).unwrap().faults, [], "{place_of}");
        }
    }
    assert!(
        killed > KILLS / 10,
        "only {killed} died before they were done"
    );
}

/// Every volume equals its manifest byte for byte, and every blob its digest.
fn whole(store: &Store, place: &str) {
    let faults = store.fsck(false).unwrap().faults;
    // Some rounds take volumes away by hand, so their names lead nowhere until the next pull.
    let gone = "Leads to a volume that is not there";
    let faults: Vec<_> = faults
        .iter()
        .filter(|fault| !fault.message.starts_with(gone))
        .collect();
    assert!(faults.is_empty(), "{place}: {faults:?}");
}
