//! A registry whose disk lies: the pull fails with the digest named, nothing shows, and the next pull heals.

use std::fs;
use std::path::{Path, PathBuf};

use crate::volume::Build;
use crate::workbench::{Workbench, fail, krunner, succeed};

#[test]
fn a_damaged_blob_in_a_real_registry_is_named_and_the_next_pull_heals() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("layout");
    // A version of its own, so that no other test shares the blobs that get damaged.
    let build = Build::example(&workbench, workbench.engine())
        .platforms("linux/amd64")
        .with("--target")
        .with("wheels");
    build
        .with("--build-arg")
        .with("SOURCE_DATE_EPOCH=1700000001")
        .to_layout(&layout);
    let reference = format!("{}/krunner-damage:15-gnu", workbench.registry);
    succeed(&mut krunner(
        folder.path(),
        &["publish", &format!("oci:{}", layout.display()), &reference],
    ));
    let said = succeed(&mut krunner(
        folder.path(),
        &["inspect", &reference, "--output", "json"],
    ));

    for digest in digests(&serde_json::from_str(&said).unwrap()) {
        let blob = stored(&workbench.registry_root, &digest);
        let whole = fs::read(&blob).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for damaged in [&flipped, &whole[..whole.len() - 1].to_vec()] {
            let store = tempfile::tempdir().unwrap();
            fs::write(&blob, damaged).unwrap();
            let said = fail(&mut krunner(
                store.path(),
                &["pull", &reference, "--platform", "linux/amd64"],
            ));
            assert!(said.contains(&digest), "{digest} is not named:\n{said}");
            fail(&mut krunner(
                store.path(),
                &["path", &reference, "--platform", "linux/amd64"],
            ));
            fs::write(&blob, &whole).unwrap();
            succeed(&mut krunner(
                store.path(),
                &["pull", &reference, "--platform", "linux/amd64"],
            ));
            succeed(&mut krunner(
                store.path(),
                &["path", &reference, "--platform", "linux/amd64"],
            ));
        }
    }
}

/// Every digest in the answer of `krunner inspect`.
fn digests(document: &serde_json::Value) -> Vec<String> {
    let mut found = std::collections::BTreeSet::new();
    let mut pending = vec![document];
    while let Some(value) = pending.pop() {
        match value {
            serde_json::Value::Object(object) => {
                found.extend(
                    object
                        .get("digest")
                        .and_then(|digest| digest.as_str())
                        .map(str::to_owned),
                );
                pending.extend(object.values());
            }
            serde_json::Value::Array(array) => pending.extend(array),
            _ => {}
        }
    }
    assert!(
        found.len() >= 3,
        "an index, a manifest and layers have digests"
    );
    found.into_iter().collect()
}

/// Where docker-registry keeps a blob.
fn stored(root: &Path, digest: &str) -> PathBuf {
    let hex = digest.strip_prefix("sha256:").unwrap();
    root.join("docker/registry/v2/blobs/sha256")
        .join(&hex[..2])
        .join(hex)
        .join("data")
}
