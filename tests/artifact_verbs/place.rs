//! A folder with a published artifact, and what is done to it.

use std::path::Path;

use krunner::artifact::{BlobSink as _, Descriptor, Folder, Layout, Manifest, media};
use krunner::digest::Digest;

use crate::common::layout;
use crate::snapshot::krunner_in;

/// What the steps say, one after the other.
pub(crate) fn said(dir: &Path, steps: &[&str]) -> String {
    let said: Vec<String> = steps
        .iter()
        .map(|step| {
            let args: Vec<&str> = step.split(' ').collect();
            format!("$ krunner {step}\n{}", krunner_in(dir, &args))
        })
        .collect();
    said.join("\n")
}

/// A folder with the artifact `oci:out:15`.
pub(crate) fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    layout::small().write(&dir.path().join("in"));
    krunner_in(dir.path(), &["publish", "oci:in", "oci:out:15"]);
    dir
}

/// Attaches a document to the root of `oci:out:15`, as other tools do, and returns its digest.
pub(crate) fn attach(dir: &Path, kind: &str, content: &[u8]) -> Digest {
    use krunner::artifact::BlobSource as _;
    let out = dir.join("out");
    let root = Layout::folder(&out, Some("15")).root().unwrap();
    let blob: Descriptor =
        serde_json::from_value(layout::blob(&out, "text/plain", content)).unwrap();
    let empty: Descriptor = serde_json::from_value(layout::blob(
        &out,
        "application/vnd.oci.empty.v1+json",
        b"{}",
    ))
    .unwrap();
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(media::MANIFEST.to_owned()),
        artifact_type: Some(kind.to_owned()),
        config: empty,
        layers: vec![blob],
        subject: Some(root.descriptor.clone()),
        annotations: std::collections::BTreeMap::new(),
    };
    let content = manifest.to_bytes().unwrap();
    let descriptor = Descriptor::of(media::MANIFEST, &content);
    let sink = Folder::open(&out, "15").unwrap();
    sink.attach(&root.descriptor, &descriptor, &content)
        .unwrap();
    descriptor.digest
}
