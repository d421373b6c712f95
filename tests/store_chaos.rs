//! Many processes at one store, and processes killed at any point: what is visible is whole, what was verified is not
//! fetched again, and the next pull works.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

use common::layout::{Image, Images, Layer, Packing, Tar};
use common::publish_images;
use common::registry::Double;
use krunner::platform::Platform;
use krunner::store::Store;

/// How often a process is killed.
const KILLS: u32 = 200;

/// A registry with two versions of a volume, and a folder for a store.
struct Place {
    dir: tempfile::TempDir,
    registry: Double,
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
        let place = Self { dir, registry };
        place.publish("1");
        place
    }

    /// Lets the tag name a version. One of its two layers is the same in all.
    fn publish(&self, version: &str) {
        let many = |prefix: &str, text: &str| {
            let tar = Tar::default().folder(prefix);
            let files = 0..150;
            let tar = files.fold(tar, |tar, number| {
                let content = format!("{text} {number} ").repeat(200);
                tar.file(&format!("{prefix}/{number}"), content.as_bytes())
            });
            tar.finish()
        };
        let images = Images(vec![Image {
            architecture: "amd64",
            layers: vec![
                Layer("python", many("python", "same"), Packing::Zstd),
                Layer("wheels", many("wheels", version), Packing::Zstd),
            ],
        }]);
        let (out, _) = publish_images(self.dir.path(), &images);
        self.registry.load(&out);
        std::fs::remove_dir_all(out).unwrap();
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

    /// The digests of blobs that were asked for since the last time.
    fn fetched(&self) -> Vec<String> {
        let mut inside = self.registry.inside.lock().unwrap();
        let seen = std::mem::take(&mut inside.seen);
        let digests = seen.iter().filter_map(|(request, _)| {
            let (_, hex) = request.strip_prefix("GET ")?.split_once("/blobs/sha256:")?;
            Some(hex.to_owned())
        });
        digests.collect()
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
    let fetched = place.fetched();
    let once: BTreeSet<_> = fetched.iter().collect();
    assert_eq!(fetched.len(), once.len(), "{fetched:?}");
    assert_eq!(once.len(), 2);
}

#[test]
fn whoever_is_killed_when_leaves_a_store_that_is_whole() {
    let place = Place::new();
    let began = Instant::now();
    assert!(place.pull().wait().unwrap().success());
    let longest = began.elapsed();
    let store = Store::open(&place.root()).unwrap();
    let mut dice = Dice(0x5eed);
    let mut killed = 0;
    for round in 0..KILLS {
        let action = dice.roll(4);
        place.fetched();
        let before = place.blobs();
        let mut process = match action {
            0 => place.krunner(&["gc", "--keep-last", "1", "--wait", "0"]),
            1 => {
                // A volume that is not there is pulled anew, and its layers are there already.
                let _ = std::fs::remove_dir_all(place.root().join("volumes"));
                std::fs::create_dir(place.root().join("volumes")).unwrap();
                place.pull()
            }
            _ => {
                place.publish(&dice.roll(5).to_string());
                place.pull()
            }
        };
        sleep(longest.mul_f64(f64::from(dice.roll(1000)) / 900.0));
        process.kill().unwrap();
        killed += u32::from(!process.wait().unwrap().success());
        let again: Vec<String> = place.fetched();
        let again: Vec<_> = again.iter().filter(|hex| before.contains(*hex)).collect();
        assert_eq!(again, Vec::<&String>::new(), "round {round}: fetched twice");
        let faults = store.fsck(false).unwrap().faults;
        // Round 1 takes volumes away by hand, so their names lead nowhere until the next pull.
        let faults: Vec<_> = faults
            .iter()
            .filter(|fault| {
                !fault
                    .message
                    .starts_with("Leads to a volume that is not there")
            })
            .collect();
        assert!(faults.is_empty(), "round {round}: {faults:?}");
        if round % 10 == 9 {
            assert!(place.pull().wait().unwrap().success(), "round {round}");
            let reference = place.registry.reference();
            store.volume_of(&reference, Platform::AMD64).unwrap();
            assert_eq!(store.fsck(false).unwrap().faults, []);
        }
    }
    assert!(
        killed > KILLS / 10,
        "only {killed} died before they were done"
    );
}

/// Numbers without any order, the same in every run (xorshift).
struct Dice(u32);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % sides
    }
}
