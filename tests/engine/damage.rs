//! A registry whose disk lies: the pull fails with the digest named, nothing shows, and the next pull heals.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

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

    let artifact = serde_json::from_str(&said).unwrap();
    for (digest, name) in read_by_a_pull(&reference, &artifact) {
        let blob = stored(&workbench.registry_root, &digest);
        let whole = fs::read(&blob).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for damaged in [&flipped, &whole[..whole.len() - 1].to_vec()] {
            let store = tempfile::tempdir().unwrap();
            let damage = Damage::new(&blob, damaged);
            let said = fail(&mut krunner(
                store.path(),
                &["pull", &reference, "--platform", "linux/amd64"],
            ));
            let named = said.contains(&digest) || said.contains(&name);
            assert!(named, "neither {digest} nor {name} is named:\n{said}");
            fail(&mut krunner(
                store.path(),
                &["path", &reference, "--platform", "linux/amd64"],
            ));
            drop(damage);
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

/// A blob whose bytes are others for a while. Dropped, even by a failing test, it is whole again: nothing that is
/// published later would be sent to a registry that has it already.
struct Damage {
    blob: PathBuf,
    whole: Vec<u8>,
}

impl Damage {
    fn new(blob: &Path, damaged: &[u8]) -> Self {
        let whole = fs::read(blob).unwrap();
        fs::write(blob, damaged).unwrap();
        Self {
            blob: blob.to_owned(),
            whole,
        }
    }
}

impl Drop for Damage {
    fn drop(&mut self) {
        fs::write(&self.blob, &self.whole).unwrap();
    }
}

/// What a pull reads, with what an error must name: the index is asked for by its tag, so a registry that notices
/// the damage itself can only be quoted with that; everything else is asked for by its digest.
/// The config is not among them: the manifest carries its bytes. Of the layers the largest stands for all.
fn read_by_a_pull(reference: &str, artifact: &Value) -> Vec<(String, String)> {
    let digest = |value: &Value| value["digest"].as_str().unwrap().to_owned();
    let mut found = vec![(digest(artifact), reference.to_owned())];
    for branch in artifact["manifests"].as_array().unwrap() {
        let layers = branch["manifest"]["layers"].as_array().unwrap();
        let largest = layers.iter().max_by_key(|layer| layer["size"].as_u64());
        for descriptor in std::iter::once(&branch["descriptor"]).chain(largest) {
            found.push((digest(descriptor), digest(descriptor)));
        }
    }
    assert_eq!(found.len(), 3, "an index, a manifest and a layer");
    found
}

/// Where docker-registry keeps a blob.
fn stored(root: &Path, digest: &str) -> PathBuf {
    let hex = digest.strip_prefix("sha256:").unwrap();
    root.join("docker/registry/v2/blobs/sha256")
        .join(&hex[..2])
        .join(hex)
        .join("data")
}
