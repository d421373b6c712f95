//! Volumes that are images: mounted where this machine can, unpacked where it cannot, and nothing in between.
//!
//! `fixtures/small.erofs` is what mkfs.erofs 1.8 makes of two files and a link.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a test that cannot run says so")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use common::layout::{Image, Images, Layer, Packing, Tar, blob};
use common::{chain, publish_images};
use krunner::artifact::{BlobSource as _, Layout, Reporter, Task};
use krunner::platform::Platform;
use krunner::store::{Collect, Error, Mode, Pulled, Remedy, Store};
use serde_json::{Value, json};

const IMAGE: &[u8] = include_bytes!("fixtures/small.erofs");
const NAME: &str = "oci:out:15";

/// A published volume with a twin, and a store.
struct Place {
    dir: tempfile::TempDir,
    out: PathBuf,
}

/// Hears what was said, and what was begun.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>, Mutex<Vec<String>>);

impl Reporter for Heard {
    fn start(&self, what: &str, _total: u64) -> Box<dyn Task> {
        self.1.lock().unwrap().push(what.to_owned());
        Box::new(krunner::artifact::Silent)
    }

    fn note(&self, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }
}

impl Place {
    fn new(image: &[u8]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let out = publish(dir.path(), b"a = 1\n", image);
        Self { dir, out }
    }

    fn store(&self, mode: Mode) -> Store {
        let store = Store::init(&self.dir.path().join("store")).unwrap();
        store.with_mode(mode)
    }

    fn pull(&self, mode: Mode) -> Result<Pulled, Error> {
        let heard = Heard::default();
        self.pull_and_say(mode, &heard)
    }

    fn pull_and_say(&self, mode: Mode, heard: &Heard) -> Result<Pulled, Error> {
        let source = Layout::folder(&self.out, Some("15"));
        self.store(mode).pull(&source, NAME, Platform::AMD64, heard)
    }

    /// Whether this machine can; said, if it cannot.
    fn can(&self) -> bool {
        match self.pull(Mode::Erofs) {
            Ok(_) => true,
            Err(Error::Mount { source, .. }) => {
                eprintln!("skipped: no EROFS image can be mounted here: {source}");
                false
            }
            Err(error) => panic!("{}", chain(&error)),
        }
    }

    fn gc(&self) {
        let how = Collect {
            keep_last: 1,
            cache: false,
            wait: std::time::Duration::ZERO,
            dry_run: false,
        };
        self.store(Mode::Auto).gc(how).unwrap();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Only what is mounted in our own folder.
        let volumes = self.dir.path().join("store/volumes");
        for volume in fs::read_dir(volumes).into_iter().flatten().flatten() {
            let _ = Command::new("umount")
                .arg("--lazy")
                .arg(volume.path().join("fs"))
                .output();
        }
    }
}

/// Publishes a volume with this module, and a twin of this image whatever is in it.
fn publish(dir: &Path, module: &[u8], image: &[u8]) -> PathBuf {
    let tar = Tar::default()
        .entry(b'0', "bin/tool", "", 0o755, b"#!/bin/sh\n")
        .symlink("bin/link", "tool")
        .file("lib/a.py", module);
    let images = Images(vec![Image {
        architecture: "amd64",
        layers: vec![Layer("python", tar.finish(), Packing::Zstd)],
    }]);
    let (out, _) = publish_images(dir, &images);
    add_twin(&out, image);
    out
}

/// Adds the twin to an artifact, as `docs/artifact.md` says.
fn add_twin(out: &Path, image: &[u8]) {
    let read = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(out.join(name)).unwrap()).unwrap()
    };
    let file = |digest: &str| format!("blobs/{}", digest.replace(':', "/"));
    let mut top = read("index.json");
    let mut index = read(&file(top["manifests"][0]["digest"].as_str().unwrap()));
    let plain = index["manifests"][0].clone();
    let digest = plain["digest"].as_str().unwrap();
    let layer = blob(out, "application/vnd.erofs.layer.v1", image);
    let config = json!({
        "architecture": "amd64", "os": "linux", "os.features": ["erofs"],
        "rootfs": { "type": "layers", "diff_ids": [layer["digest"]] },
    });
    let config = blob(
        out,
        "application/vnd.oci.image.config.v1+json",
        config.to_string().as_bytes(),
    );
    let of = json!({
        "ai.backend.krunner.erofs.of": digest,
        "ai.backend.krunner.erofs.compression": "lz4hc",
    });
    let twin = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.backendai.krunner.volume.v1",
        "config": config, "layers": [layer], "annotations": of,
    });
    let mut twin = blob(
        out,
        "application/vnd.oci.image.manifest.v1+json",
        twin.to_string().as_bytes(),
    );
    twin["platform"] = json!({ "os": "linux", "architecture": "amd64", "os.features": ["erofs"] });
    twin["annotations"] = of;
    index["manifests"].as_array_mut().unwrap().push(twin);
    let new = blob(
        out,
        "application/vnd.oci.image.index.v1+json",
        index.to_string().as_bytes(),
    );
    for key in ["digest", "size"] {
        top["manifests"][0][key] = new[key].clone();
    }
    fs::write(out.join("index.json"), top.to_string()).unwrap();
}

#[test]
fn an_image_is_mounted_and_is_the_volume() {
    let place = Place::new(IMAGE);
    if !place.can() {
        return;
    }
    let pulled = place.pull(Mode::Auto).unwrap();
    assert!(pulled.unchanged);
    let text = fs::read_to_string(pulled.path.join("lib/a.py")).unwrap();
    assert_eq!(text, "a = 1\n");
    assert_eq!(
        fs::read_link(pulled.path.join("bin/link")).unwrap(),
        Path::new("tool")
    );
    let error = fs::write(pulled.path.join("lib/b.py"), "b").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    let store = place.store(Mode::Auto);
    let held = store.volumes().unwrap();
    assert_eq!((held[0].ready.entries, held[0].ready.bytes), (6, 4096));
    // The same volume by the plain manifest's digest, and nothing of its layers.
    let source = Layout::folder(&place.out, Some("15"));
    let root = source.root().unwrap();
    let index: Value = serde_json::from_slice(&root.content).unwrap();
    assert_eq!(index["manifests"][0]["digest"], pulled.manifest.to_string());
    assert!(
        !fs::read_to_string(store.root().join("meta.json"))
            .unwrap()
            .contains("[]")
    );
    assert_eq!(store.fsck(false).unwrap().faults, []);
}

#[test]
fn a_mount_that_is_gone_comes_back_with_the_next_question() {
    let place = Place::new(IMAGE);
    if !place.can() {
        return;
    }
    let path = place.pull(Mode::Auto).unwrap().path;
    // As after a restart.
    assert!(
        Command::new("umount")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    assert!(!path.join("lib").exists());
    let volume = place
        .store(Mode::Auto)
        .volume_of(NAME, Platform::AMD64)
        .unwrap();
    assert!(volume.path.join("lib/a.py").is_file());
}

#[test]
fn whoever_has_an_image_mounted_keeps_it_when_it_is_collected() {
    let place = Place::new(IMAGE);
    if !place.can() {
        return;
    }
    let path = place.pull(Mode::Auto).unwrap().path;
    let elsewhere = tempfile::tempdir().unwrap();
    let bind = Command::new("mount")
        .arg("--bind")
        .args([&path, elsewhere.path()])
        .status();
    assert!(bind.unwrap().success());
    place.gc();
    assert!(path.join("lib/a.py").is_file(), "a name leads to it");
    assert!(place.store(Mode::Auto).forget(NAME).unwrap());
    place.gc();
    assert!(!path.exists());
    let blobs = place.dir.path().join("store/blobs/sha256");
    assert_eq!(fs::read_dir(blobs).unwrap().count(), 0);
    let text = fs::read_to_string(elsewhere.path().join("lib/a.py")).unwrap();
    assert_eq!(text, "a = 1\n");
    let unmounted = Command::new("umount").arg(elsewhere.path()).status();
    assert!(unmounted.unwrap().success());
}

#[test]
fn an_image_that_was_damaged_is_found_and_fetched_again() {
    let place = Place::new(IMAGE);
    if !place.can() {
        return;
    }
    let path = place.pull(Mode::Auto).unwrap().path;
    let image = path.parent().unwrap().join("image.erofs");
    let mut content = fs::read(&image).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(&image, content).unwrap();
    let store = place.store(Mode::Auto);
    let faults = store.fsck(false).unwrap().faults;
    assert!(
        faults
            .iter()
            .any(|fault| fault.message.starts_with("Image has another digest"))
    );
    let faults = store.fsck(true).unwrap().faults;
    assert!(
        faults.iter().any(|fault| fault.remedy == Remedy::Removed),
        "{faults:?}"
    );
    assert!(!place.pull(Mode::Auto).unwrap().unchanged);
    assert_eq!(store.fsck(false).unwrap().faults, []);
}

#[test]
fn an_image_that_no_kernel_takes_is_said_and_the_volume_unpacked() {
    let place = Place::new(&[7; 8192]);
    let error = place.pull(Mode::Erofs).unwrap_err();
    assert!(matches!(error, Error::Mount { .. }), "{}", chain(&error));
    let heard = Heard::default();
    let pulled = place.pull_and_say(Mode::Auto, &heard).unwrap();
    assert!(pulled.path.join("lib/a.py").is_file());
    let said = heard.0.into_inner().unwrap();
    assert!(
        matches!(&said[..], [one] if one.contains("cannot be mounted")),
        "{said:?}"
    );
    assert_eq!(place.store(Mode::Auto).fsck(false).unwrap().faults, []);
}

#[test]
fn an_image_that_needs_what_the_kernel_has_refused_is_not_fetched() {
    let place = Place::new(&[7; 8192]);
    let (store, heard) = (place.store(Mode::Auto), Heard::default());
    let pull = || {
        let source = Layout::folder(&place.out, Some("15"));
        let pulled = store.clone().pull(&source, NAME, Platform::AMD64, &heard);
        fs::read(pulled.unwrap().path.join("lib/a.py")).unwrap()
    };
    assert_eq!(pull(), b"a = 1\n");
    publish(place.dir.path(), b"a = 2\n", &[7; 9000]);
    assert_eq!(pull(), b"a = 2\n");
    // Each time it is said.
    let said = heard.0.into_inner().unwrap();
    assert_eq!(said.len(), 2, "{said:?}");
    let begun = heard.1.into_inner().unwrap();
    let fetched = begun.iter().filter(|what| *what == "image").count();
    assert!(fetched <= 1, "{begun:?}");
}

#[test]
fn the_form_that_is_asked_for_replaces_the_other() {
    let place = Place::new(IMAGE);
    let folder = place.pull(Mode::Dir).unwrap();
    assert!(!folder.unchanged);
    assert!(
        fs::remove_file(folder.path.join("lib/a.py")).is_ok(),
        "it is a folder"
    );
    fs::write(folder.path.join("lib/a.py"), "a = 1\n").unwrap();
    // Auto takes what is there.
    assert!(place.pull(Mode::Auto).unwrap().unchanged);
    if !place.can() {
        return;
    }
    let image = place.pull(Mode::Erofs).unwrap();
    assert!(fs::remove_file(image.path.join("lib/a.py")).is_err());
    let folder = place.pull(Mode::Dir).unwrap();
    assert!(!folder.unchanged);
    assert_eq!(folder.path, image.path);
    assert_eq!(place.store(Mode::Auto).fsck(false).unwrap().faults, []);
}

#[test]
fn an_artifact_without_images_is_unpacked_or_refused_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (out, _) = common::published(dir.path());
    let source = Layout::folder(&out, Some("15"));
    let store = Store::init(&dir.path().join("store")).unwrap();
    let pull = |mode: Mode| {
        let store = store.clone().with_mode(mode);
        store.pull(&source, NAME, Platform::AMD64, &Heard::default())
    };
    assert!(matches!(pull(Mode::Erofs), Err(Error::NoImage(_))));
    pull(Mode::Auto).unwrap();
}
