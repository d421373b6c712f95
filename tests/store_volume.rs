//! What a store promises: whole volumes or none, damage noticed and healed, one filler at a time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use common::published;
use krunner::artifact::{Layout, Silent};
use krunner::platform::Platform;
use krunner::store::{Error, Pulled, Store};

fn pull(store: &Store, out: &Path) -> Pulled {
    store
        .pull(
            &Layout::folder(out, Some("15")),
            "oci:out:15",
            Platform::AMD64,
            &Silent,
        )
        .unwrap()
}

#[test]
fn a_volume_has_the_files_modes_times_and_links_of_its_layers() {
    let dir = tempfile::tempdir().unwrap();
    let (out, _) = published(dir.path());
    let store = Store::init(&dir.path().join("store")).unwrap();
    let volume = pull(&store, &out).path;
    let mode = |path: &str| {
        fs::symlink_metadata(volume.join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777
    };
    assert_eq!(
        (
            mode(""),
            mode("bin"),
            mode("bin/python3.13"),
            mode("lib/a.py")
        ),
        (0o755, 0o755, 0o755, 0o644)
    );
    for path in ["bin", "bin/ttyd", "bin/python3", "lib/mount", "share/motd"] {
        assert_eq!(
            fs::symlink_metadata(volume.join(path)).unwrap().mtime(),
            1_704_067_200,
            "{path}"
        );
    }
    assert_eq!(
        fs::read_link(volume.join("bin/python3")).unwrap(),
        Path::new("python3.13")
    );
    assert_eq!(fs::metadata(volume.join("bin/python")).unwrap().nlink(), 2);
    assert_eq!(fs::read(volume.join("bin/ttyd")).unwrap(), b"amd64");
    for folder in ["", "blobs", "volumes", "staging", "names", "locks"] {
        let mode = fs::metadata(store.root().join(folder))
            .unwrap()
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(mode, 0o700, "{folder}");
    }
}

#[test]
fn pulling_again_changes_nothing_and_fetches_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (out, _) = published(dir.path());
    let store = Store::init(&dir.path().join("store")).unwrap();
    let first = pull(&store, &out);
    let second = pull(&store, &out);
    assert!(!first.unchanged && first.fetched > 0);
    assert!(second.unchanged && second.fetched == 0);
    assert_eq!(first.path, second.path);
    let found = store.volume_of("oci:out:15", Platform::AMD64).unwrap();
    assert_eq!(found.path, first.path);
    assert_eq!(found.ready.entries, 12);
}

#[test]
fn a_blob_that_the_disk_damaged_is_fetched_again() {
    let dir = tempfile::tempdir().unwrap();
    let (out, published) = published(dir.path());
    let store = Store::init(&dir.path().join("store")).unwrap();
    let volume = pull(&store, &out).path;
    fs::remove_dir_all(volume.parent().unwrap()).unwrap();
    let layer = &published.platforms[0].layers[0];
    let blob = store.root().join("blobs/sha256").join(layer.digest.hex());
    let mut content = fs::read(&blob).unwrap();
    content[20] ^= 1;
    fs::write(&blob, content).unwrap();
    let again = pull(&store, &out);
    assert_eq!(again.fetched, layer.size);
    assert!(volume.join("bin/python3.13").exists());
}

#[test]
fn what_a_killed_pull_left_is_no_volume_and_is_in_nobodys_way() {
    let dir = tempfile::tempdir().unwrap();
    let (out, published) = published(dir.path());
    let store = Store::init(&dir.path().join("store")).unwrap();
    let hex = published.platforms[0].manifest.digest.hex();
    for folder in ["staging", "volumes"] {
        let half = store.root().join(folder).join(&hex).join("fs/bin");
        fs::create_dir_all(&half).unwrap();
        fs::write(half.join("python3.13"), b"half").unwrap();
    }
    fs::write(
        store
            .root()
            .join("ingest")
            .join(published.platforms[0].layers[0].digest.hex()),
        b"half",
    )
    .unwrap();
    assert!(matches!(
        store.volume_of("oci:out:15", Platform::AMD64),
        Err(Error::NoVolume { .. })
    ));
    let volume = pull(&store, &out).path;
    assert_eq!(
        fs::metadata(volume.join("bin/python3.13")).unwrap().len(),
        25_000
    );
}

#[test]
fn many_pulls_at_once_fill_a_volume_once() {
    let dir = tempfile::tempdir().unwrap();
    let (out, _) = published(dir.path());
    let store = Store::init(&dir.path().join("store")).unwrap();
    let pulled: Vec<Pulled> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| pull(&store, &out))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(pulled.iter().filter(|pulled| !pulled.unchanged).count(), 1);
}

#[test]
fn a_store_of_another_krunner_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    Store::init(dir.path()).unwrap();
    fs::write(
        dir.path().join("meta.json"),
        r#"{"version":2,"features":[]}"#,
    )
    .unwrap();
    assert!(matches!(
        Store::init(dir.path()),
        Err(Error::Version { found: 2, .. })
    ));
    fs::write(
        dir.path().join("meta.json"),
        r#"{"version":1,"features":["of-tomorrow"]}"#,
    )
    .unwrap();
    assert!(matches!(
        Store::init(dir.path()),
        Err(Error::Feature { .. })
    ));
    assert!(matches!(
        Store::open(&dir.path().join("nowhere")),
        Err(Error::NotInitialized(_))
    ));
}
