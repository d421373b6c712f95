//! Whose signature counts: ours and cosign's, with the right key, about the right artifact, and nobody else's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod snapshot;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use common::layout;
use common::registry::Double;
use krunner::artifact::{
    BlobSink as _, BlobSource as _, Descriptor, Document, Folder, Layout, Manifest, media,
    signature_tag,
};
use krunner::digest::Digest;
use krunner::trust::{Error, PublicKey, SecretKey, sign, signers};
use snapshot::krunner_in;

/// What `tests/fixtures/cosign` has signatures of.
const SIGNED: &str = "sha256:4384d57bdb2b860618b16c8e61a6a3516c26ee5ec3bc7aa07c9c210dec9147e8";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/cosign")
        .join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(fixture(name)).unwrap()
}

fn public(name: &str) -> PublicKey {
    PublicKey::parse(&read(name), name).unwrap()
}

/// A folder with the keys and with the artifact `oci:out:15` that was signed.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("tree")).unwrap();
    fs::write(dir.path().join("tree/a"), "hi\n").unwrap();
    for key in ["test.pub", "test.key", "other.pub", "other.key"] {
        fs::copy(fixture(key), dir.path().join(key)).unwrap();
    }
    let pack =
        "pack tree oci:out:15 --platform linux/amd64 --annotation ai.backend.krunner.version=15";
    let said = run(dir.path(), &format!("{pack} --store elsewhere"));
    assert!(said.contains(SIGNED), "{said}");
    dir
}

fn run(dir: &Path, command: &str) -> String {
    krunner_in(dir, &command.split(' ').collect::<Vec<_>>())
}

fn said(dir: &Path, steps: &[&str]) -> String {
    let said: Vec<String> = steps
        .iter()
        .map(|step| format!("$ krunner {step}\n{}", run(dir, step)))
        .collect();
    said.join("\n")
}

fn root(dir: &Path) -> Document {
    Layout::folder(&dir.join("out"), Some("15")).root().unwrap()
}

/// Puts a manifest of one blob into the layout: under a tag, or as a referrer of the artifact.
fn put(
    dir: &Path,
    mut layer: Descriptor,
    content: &[u8],
    annotations: &[(&str, &str)],
    tag: Option<&str>,
) {
    let out = dir.join("out");
    layout::blob(&out, &layer.media_type, content);
    layout::blob(&out, media::CONFIG, b"{}");
    for (key, value) in annotations {
        layer
            .annotations
            .insert((*key).to_owned(), (*value).to_owned());
    }
    let subject = root(dir).descriptor;
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(media::MANIFEST.to_owned()),
        artifact_type: tag.is_none().then(|| layer.media_type.clone()),
        config: Descriptor::of(media::CONFIG, b"{}"),
        layers: vec![layer],
        subject: tag.is_none().then(|| subject.clone()),
        annotations: BTreeMap::new(),
    }
    .to_bytes()
    .unwrap();
    let descriptor = Descriptor::of(media::MANIFEST, &manifest);
    let sink = Folder::open(&out, "15").unwrap();
    match tag {
        Some(tag) => {
            sink.manifest(&descriptor, &manifest).unwrap();
            sink.tag_as(tag, &descriptor, &manifest).unwrap();
        }
        None => sink.attach(&subject, &descriptor, &manifest).unwrap(),
    }
}

/// A payload and its signature under cosign 2's tag.
fn put_payload(dir: &Path, payload: &[u8], signature: &str) {
    let digest = root(dir).descriptor.digest;
    let layer = Descriptor::of("application/vnd.dev.cosign.simplesigning.v1+json", payload);
    let annotation = ("dev.cosignproject.cosign/signature", signature);
    put(
        dir,
        layer,
        payload,
        &[annotation],
        Some(&signature_tag(&digest, "sig")),
    );
}

fn put_bundle(dir: &Path, bundle: &str) {
    let descriptor = Descriptor::of(BUNDLE, bundle.as_bytes());
    put(dir, descriptor, bundle.as_bytes(), &[], None);
}

fn verdict(dir: &Path, keys: &[PublicKey]) -> Result<Vec<String>, Error> {
    let source = Layout::folder(&dir.join("out"), Some("15"));
    let digest = source.root().unwrap().descriptor.digest;
    let signers = signers(&source, &digest, keys)?;
    Ok(signers.iter().map(|key| key.name().to_owned()).collect())
}

#[test]
fn what_cosign_signed_is_accepted_with_its_key_and_with_no_other() {
    let keys = [public("other.pub"), public("test.pub")];
    // As cosign 2.5 signs.
    let dir = folder();
    put_payload(
        dir.path(),
        read("payload.json").as_bytes(),
        &read("signature"),
    );
    assert_eq!(verdict(dir.path(), &keys).unwrap(), ["test.pub"]);
    assert!(matches!(
        verdict(dir.path(), &keys[..1]),
        Err(Error::Unsigned { .. })
    ));
    // As cosign 3.1 signs.
    let dir = folder();
    put_bundle(dir.path(), &read("bundle.json"));
    assert_eq!(verdict(dir.path(), &keys).unwrap(), ["test.pub"]);
    assert!(matches!(
        verdict(dir.path(), &keys[..1]),
        Err(Error::Unsigned { .. })
    ));
}

#[test]
fn a_signature_of_something_else_or_of_other_bytes_is_none() {
    let keys = [public("test.pub")];
    let payload = read("payload.json");
    for (payload, signature) in [
        // One bit of what was signed.
        (payload.replace("5978", "5979"), read("signature")),
        // Another digest than the one that was signed.
        (payload.replace("4384d57b", "4384d57c"), read("signature")),
        (payload.clone(), "AAAA".to_owned()),
        (payload, "no base64!".to_owned()),
    ] {
        let dir = folder();
        put_payload(dir.path(), payload.as_bytes(), &signature);
        assert!(matches!(
            verdict(dir.path(), &keys),
            Err(Error::Unsigned { .. })
        ));
    }
    // A good signature, carried over to another artifact.
    for bundle in [false, true] {
        let dir = folder();
        fs::write(dir.path().join("tree/a"), "evil\n").unwrap();
        run(
            dir.path(),
            "pack tree oci:out:15 --platform linux/amd64 --store elsewhere",
        );
        let digest = root(dir.path()).descriptor.digest;
        assert_ne!(digest.to_string(), SIGNED);
        if bundle {
            put_bundle(dir.path(), &read("bundle.json"));
        } else {
            put_payload(
                dir.path(),
                read("payload.json").as_bytes(),
                &read("signature"),
            );
        }
        assert!(matches!(
            verdict(dir.path(), &keys),
            Err(Error::Unsigned { .. })
        ));
    }
}

#[test]
fn a_key_that_cosign_encrypted_opens_with_its_password_alone() {
    let sealed = read("test.key");
    let key = SecretKey::parse(&sealed, "s3cret", "test.key").unwrap();
    assert_eq!(key.public("test.pub"), public("test.pub"));
    let error = SecretKey::parse(&sealed, "wrong", "test.key").unwrap_err();
    assert!(matches!(error, Error::Password(_)), "{error}");
    for text in [
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        &read("test.pub"),
    ] {
        assert!(matches!(
            SecretKey::parse(text, "", "x"),
            Err(Error::Key { .. })
        ));
    }
    // Work without end is not begun.
    let block = sealed
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect::<String>();
    let base64 = base64::engine::general_purpose::STANDARD;
    let json = String::from_utf8(base64.decode(block).unwrap()).unwrap();
    for (from, to) in [
        ("65536", "4611686018427387904"),
        ("\"r\":8", "\"r\":4294967295"),
        ("65536", "65537"),
        ("65536", "0"),
    ] {
        let label = "ENCRYPTED SIGSTORE PRIVATE KEY";
        let content = base64.encode(json.replace(from, to));
        let pem = format!("-----BEGIN {label}-----\n{content}\n-----END {label}-----\n");
        let error = SecretKey::parse(&pem, "s3cret", "x").unwrap_err();
        assert!(matches!(error, Error::Encryption(_)), "{to}: {error}");
    }
}

#[test]
fn signing_twice_changes_nothing_and_two_keys_stand_side_by_side() {
    let dir = folder();
    let out = dir.path().join("out");
    let (source, sink) = (
        Layout::folder(&out, Some("15")),
        Folder::open(&out, "15").unwrap(),
    );
    let root = source.root().unwrap();
    let first = SecretKey::parse(&read("test.key"), "s3cret", "test.key").unwrap();
    let second = SecretKey::parse(&read("other.key"), "", "other.key").unwrap();
    let name = "registry.example.com/krunner";
    let made = sign(&source, &sink, &root, name, &first).unwrap();
    assert_eq!(sign(&source, &sink, &root, name, &first).unwrap(), made);
    let both = sign(&source, &sink, &root, name, &second).unwrap();
    assert_ne!(both, made);
    let keys = [public("test.pub"), public("other.pub")];
    assert_eq!(
        verdict(dir.path(), &keys).unwrap(),
        ["other.pub", "test.pub"]
    );
    // The layout still knows what is meant without a tag.
    assert_eq!(Layout::folder(&out, None).root().unwrap(), root);
    insta::assert_snapshot!(
        [made, both]
            .map(|digest: Digest| digest.to_string())
            .join("\n")
    );
}

#[test]
fn a_pull_takes_what_is_signed_and_leaves_nothing_of_what_is_not() {
    let dir = folder();
    let path = dir.path();
    let key = "--key other.key --name registry.example.com/krunner";
    let rule = |name: &str, trust: &str| {
        let keys = if trust == "signed" {
            "keys = [\"other.pub\"]\n"
        } else {
            ""
        };
        format!("default = \"none\"\n[[rule]]\nname = \"{name}\"\ntrust = \"{trust}\"\n{keys}")
    };
    let place = format!("oci:{}/out", path.display());
    fs::write(path.join("signed.toml"), rule(&place, "signed")).unwrap();
    fs::write(path.join("all.toml"), rule(&place, "all")).unwrap();
    fs::write(
        path.join("elsewhere.toml"),
        rule("registry.example.com", "all"),
    )
    .unwrap();
    fs::write(path.join("wrong.toml"), "default = \"all\"\nrules = 1\n").unwrap();
    fs::write(path.join("sbom.json"), r#"{"spdxVersion":"SPDX-2.3"}"#).unwrap();
    let pull = "pull oci:out:15 --platform linux/amd64";
    let refused = said(
        path,
        &[
            &format!("{pull} --verify-key other.pub"),
            // What somebody says about it is no signature of it.
            "attest oci:out:15 --key other.key --type spdxjson --predicate sbom.json",
            &format!("{pull} --verify-key other.pub"),
            &format!("sign oci:out:15 {key}"),
            &format!("{pull} --verify-key test.pub"),
            &format!("{pull} --verify-key other.key"),
            &format!("{pull} --policy elsewhere.toml"),
            &format!("{pull} --policy wrong.toml"),
            &format!("{pull} --policy nowhere.toml"),
            &format!("{pull} --policy signed.toml --verify-key test.pub"),
            "verify oci:out:15 --verify-key test.pub",
        ],
    );
    assert!(!path.join("store").exists(), "something was left behind");
    let taken = said(
        path,
        &[
            &format!("{pull} --verify-key test.pub --verify-key other.pub"),
            &format!("{pull} --policy signed.toml"),
            &format!("{pull} --policy all.toml --quiet"),
            "verify oci:out:15 --verify-key other.pub",
            "inspect oci:out",
        ],
    );
    insta::assert_snapshot!(format!("{refused}\n{taken}"));
}

#[test]
fn signatures_come_along_from_registry_to_registry() {
    let dir = folder();
    let address = &Double::start().address;
    let (there, mirror) = (
        format!("{address}/krunner:15"),
        format!("{address}/mirror:15"),
    );
    let sbom = r#"{"spdxVersion":"SPDX-2.3"}"#;
    fs::write(dir.path().join("sbom.json"), sbom).unwrap();
    for step in [
        format!("copy oci:out:15 {there}"),
        format!("sign {there} --key other.key"),
        format!("attest {there} --key other.key --type spdxjson --predicate sbom.json"),
        format!("copy {there} {mirror}"),
        format!("pull {mirror} --platform linux/amd64 --verify-key other.pub"),
    ] {
        let said = run(dir.path(), &step);
        assert!(said.starts_with("exit code: Some(0)"), "{step}: {said}");
    }
    let shown = run(dir.path(), &format!("inspect {mirror}"));
    assert!(
        shown.contains("simplesigning") && shown.contains("sigstore.bundle"),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_signed_says_why() {
    let dir = folder();
    fs::write(dir.path().join("text.json"), "no JSON").unwrap();
    let attest = "attest oci:out:15 --key other.key --predicate text.json --type";
    insta::assert_snapshot!(said(
        dir.path(),
        &[
            "sign oci:out:15 --key other.key",
            "sign oci:out:15 --key other.pub --name registry.example.com/krunner",
            "sign oci:out:15 --key test.key --name registry.example.com/krunner",
            "sign oci:out:15 --key nowhere.key --name registry.example.com/krunner",
            "sign oci:out:16 --key other.key --name registry.example.com/krunner",
            "sign oci-archive:x.tar --key other.key --name registry.example.com/krunner",
            &format!("{attest} spdxjson"),
            &format!("{attest} nonsense"),
            "sign --help",
            "attest --help",
        ]
    ));
}
