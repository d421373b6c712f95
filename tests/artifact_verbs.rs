//! `copy`, `tag`, `diff`, `verify`, `pack` and joining, as a user sees them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod snapshot;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use common::layout::{self, Images, Layer, Packing, Tar};
use common::registry::Double;
use krunner::artifact::{BlobSink as _, Descriptor, Folder, Layout, Manifest, media};
use krunner::digest::Digest;
use snapshot::krunner_in;

/// What the steps say, one after the other.
fn said(dir: &Path, steps: &[&str]) -> String {
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
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    layout::small().write(&dir.path().join("in"));
    krunner_in(dir.path(), &["publish", "oci:in", "oci:out:15"]);
    dir
}

/// Attaches a document to the root of `oci:out:15`, as other tools do, and returns its digest.
fn attach(dir: &Path, kind: &str, content: &[u8]) -> Digest {
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

#[test]
fn a_copy_has_everything_that_refers_to_it_and_every_form_of_it_is_the_same() {
    let dir = folder();
    attach(dir.path(), "application/spdx+json", b"an SBOM");
    insta::assert_snapshot!(said(
        dir.path(),
        &[
            "copy oci:out:15 oci-archive:carried.tar",
            "copy oci-archive:carried.tar:15 oci:far",
            "copy oci-archive:carried.tar:15 oci:far",
            "inspect oci:far:15",
            "copy oci:far:15 oci:bare:15 --no-referrers --output json",
            "verify oci:far:15",
            "tag oci:far:15 stable latest",
            "inspect oci:far:stable --output json",
        ]
    ));
    let archive = fs::read(dir.path().join("carried.tar")).unwrap();
    krunner_in(dir.path(), &["copy", "oci:far:15", "oci-archive:again.tar"]);
    assert_eq!(archive, fs::read(dir.path().join("again.tar")).unwrap());
}

/// Through registries with and without a list of referrers, and back.
#[test]
fn a_copy_through_a_registry_is_the_same_with_its_referrers() {
    let dir = folder();
    let sbom = attach(dir.path(), "application/spdx+json", b"an SBOM");
    let doubles = [Double::start(), Double::start()];
    doubles[1].inside.lock().unwrap().lists_referrers = true;
    for address in doubles.iter().map(|double| &double.address) {
        let there = format!("{address}/krunner:15");
        let mirror = format!("{address}/team/mirror");
        let back = format!("oci:back-{}", address.replace(':', "-"));
        for (from, to) in [("oci:out:15", &there), (&there, &mirror), (&mirror, &back)] {
            let from = if from == mirror {
                format!("{from}:15")
            } else {
                from.to_owned()
            };
            let said = krunner_in(dir.path(), &["copy", &from, to]);
            assert!(
                said.starts_with("exit code: Some(0)"),
                "{from} {to}: {said}"
            );
            assert!(said.contains("1 of them referring to it"), "{said}");
            if *to == mirror {
                assert!(said.contains("sent 0 B in 0 of"), "not mounted: {said}");
            }
        }
        let shown = krunner_in(dir.path(), &["inspect", &format!("{back}:15")]);
        assert!(shown.contains(&sbom.to_string()), "{shown}");
        let shown = krunner_in(dir.path(), &["inspect", &format!("{mirror}:15")]);
        assert!(shown.contains(&sbom.to_string()), "{shown}");
    }
}

#[test]
fn a_copy_shows_its_tag_last() {
    let dir = folder();
    attach(dir.path(), "application/spdx+json", b"an SBOM");
    let registry = Double::start();
    krunner_in(dir.path(), &["copy", "oci:out:15", &registry.reference()]);
    let inside = registry.inside.lock().unwrap();
    let puts = inside.seen.iter().map(|(request, _)| request.as_str());
    let puts: Vec<&str> = puts.filter(|request| request.starts_with("PUT")).collect();
    let first = puts
        .iter()
        .position(|put| put.contains("/manifests/"))
        .unwrap();
    assert!(
        puts[first..].iter().all(|put| put.contains("/manifests/")),
        "{puts:?}"
    );
    assert!(puts.last().unwrap().ends_with("/manifests/15"), "{puts:?}");
}

#[test]
fn a_mirror_in_the_settings_is_asked_first() {
    let dir = folder();
    let (origin, mirror) = (Double::start(), Double::start());
    for registry in [&origin, &mirror] {
        krunner_in(dir.path(), &["copy", "oci:out:15", &registry.reference()]);
        registry.lie(&[]);
    }
    let settings = format!(
        "[\"{}\"]\nmirrors = [\"{}\"]\n",
        origin.address, mirror.address
    );
    fs::write(dir.path().join("registries.toml"), settings).unwrap();
    let run = |settings: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_krunner"))
            .args([
                "pull",
                &origin.reference(),
                "--platform",
                "linux/amd64",
                "--store",
                "store",
            ])
            .current_dir(dir.path())
            .env_clear()
            .env("KRUNNER_REGISTRIES", settings)
            .output()
            .unwrap()
    };
    let output = run("registries.toml");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        mirror.count("GET /v2/krunner/blobs/") > 0 && origin.count("GET /v2/krunner/blobs/") == 0
    );
    let output = run("nowhere.toml");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("Cannot read `nowhere.toml`"),
        "{said}"
    );
}

#[test]
fn each_builder_may_publish_its_own_platform_in_any_order() {
    let dir = folder();
    for image in layout::small().0 {
        let architecture = image.architecture;
        Images(vec![image]).write(&dir.path().join(architecture));
    }
    let both = said(dir.path(), &["inspect oci:out:15"]);
    let joined = said(
        dir.path(),
        &[
            "publish oci:arm64 oci:joined:15",
            "publish oci:amd64 oci:joined:15",
            "publish oci:amd64 oci:joined:15",
        ],
    );
    insta::assert_snapshot!(joined);
    let shown = said(dir.path(), &["inspect oci:joined:15"]);
    assert_eq!(shown.replace("joined", "out"), both);
    let replaced = said(
        dir.path(),
        &[
            "publish oci:amd64 oci:joined:15 --replace",
            "inspect oci:joined:15",
        ],
    );
    assert!(!replaced.contains("linux/arm64"), "{replaced}");
}

#[test]
fn another_version_under_the_tag_keeps_nothing_of_the_old_one() {
    let dir = folder();
    fs::create_dir(dir.path().join("tree")).unwrap();
    fs::write(dir.path().join("tree/a"), "a").unwrap();
    let shown = said(
        dir.path(),
        &[
            "pack tree oci:out:15 --platform linux/arm64 --annotation ai.backend.krunner.version=16",
            "inspect oci:out:15",
        ],
    );
    assert!(!shown.contains("linux/amd64"), "{shown}");
}

/// Makes one thing in a folder.
type Step = Box<dyn Fn(&Path)>;

/// A tree with everything that may differ between two machines, made in an order of choice.
fn tree(dir: &Path, reversed: bool) {
    let mut steps: Vec<Step> = vec![
        Box::new(|dir| fs::write(dir.join("lib/b.py"), "b = 1\n".repeat(3000)).unwrap()),
        Box::new(|dir| fs::write(dir.join("lib/a-b"), "between").unwrap()),
        Box::new(|dir| fs::write(dir.join("lib/a/c.py"), "c = 1\n").unwrap()),
        Box::new(|dir| symlink("a/c.py", dir.join("lib/c")).unwrap()),
        Box::new(|dir| fs::write(dir.join("lib").join("n".repeat(150)), "long").unwrap()),
        Box::new(|dir| fs::create_dir(dir.join("empty")).unwrap()),
    ];
    if reversed {
        steps.reverse();
    }
    fs::create_dir_all(dir.join("lib/a")).unwrap();
    fs::create_dir(dir.join("bin")).unwrap();
    for step in steps {
        step(dir);
    }
    fs::write(dir.join("bin/tool"), "#!/bin/sh\n").unwrap();
    let mode = if reversed { 0o700 } else { 0o775 };
    fs::set_permissions(dir.join("bin/tool"), fs::Permissions::from_mode(mode)).unwrap();
    fs::set_permissions(dir.join("lib"), fs::Permissions::from_mode(mode)).unwrap();
    fs::hard_link(dir.join("bin/tool"), dir.join("bin/tool-2")).unwrap();
}

/// If this fails, every digest of a packed folder is another one: say so in the changelog.
#[test]
fn a_packed_tree_has_this_digest_for_ever_on_every_machine() {
    let dir = tempfile::tempdir().unwrap();
    let mut digests = Vec::new();
    for (name, reversed) in [("one", false), ("two", true)] {
        let place = dir.path().join(name);
        tree(&place, reversed);
        let store = format!("store-{name}");
        let out = krunner_in(
            dir.path(),
            &[
                "pack",
                &format!("volume={name}"),
                &format!("oci:out-{name}"),
                "--platform",
                "linux/amd64",
                "--annotation",
                "ai.backend.krunner.version=15",
                "--store",
                &store,
            ],
        );
        digests.push(out);
    }
    assert_eq!(digests[0].replace("out-one", "out-two"), digests[1]);
    insta::assert_snapshot!(digests[0]);
    let checked = krunner_in(dir.path(), &["verify", "oci:out-one"]);
    insta::assert_snapshot!(checked);
}

#[test]
fn what_cannot_be_packed_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    for name in ["pipe", "out", "white", "twice"] {
        fs::create_dir(path.join(name)).unwrap();
    }
    rustix_fifo(&path.join("pipe/fifo"));
    symlink("../../etc/passwd", path.join("out/secret")).unwrap();
    fs::write(path.join("white/.wh.a"), "").unwrap();
    fs::write(path.join("twice/a"), "").unwrap();
    insta::assert_snapshot!(said(
        path,
        &[
            "pack pipe oci:to",
            "pack out oci:to",
            "pack white oci:to",
            "pack one=twice two=twice oci:to",
            "pack nowhere oci:to",
            "pack twice oci:to --annotation version",
            "pack twice oci:to --compression gzip --level 12",
        ]
    ));
}

fn rustix_fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

#[test]
fn a_difference_is_shown_by_layers_packages_and_files_with_its_price() {
    let dir = folder();
    let mut newer = layout::small();
    for image in &mut newer.0 {
        image.layers[1] = Layer(
            "wheels",
            Tar::default()
                .file("lib/a.py", b"a = 2\n")
                .file(
                    "lib/site-packages/attrs-25.1.dist-info/METADATA",
                    b"Name: attrs\n",
                )
                .finish(),
            Packing::Zstd,
        );
        image.layers.push(Layer(
            "more",
            Tar::default().file("more/\u{1b}[31mred", b"x").finish(),
            Packing::Plain,
        ));
    }
    newer.0.remove(0);
    newer.write(&dir.path().join("newer"));
    insta::assert_snapshot!(said(
        dir.path(),
        &[
            "publish oci:newer oci:newer-out:16",
            "diff oci:out:15 oci:newer-out:16",
            "diff oci:newer-out:16 oci:out:15 --layers",
            "diff oci:out:15 oci:out:15",
            "diff oci:out:15 oci:newer-out:16 --output json",
        ]
    ));
}

#[test]
fn every_rule_that_an_artifact_breaks_is_named_with_what_breaks_it() {
    let dir = tempfile::tempdir().unwrap();
    // Built by an engine, and typed by somebody in a hurry.
    layout::small().write_artifact(&dir.path().join("typed"));
    layout::small().write(&dir.path().join("image"));
    let twice = |path: &str| Tar::default().file("same", path.as_bytes()).finish();
    let images = Images(vec![layout::Image {
        architecture: "amd64",
        layers: vec![
            Layer("one", twice("1"), Packing::Gzip),
            Layer("two", twice("2"), Packing::Gzip),
            Layer(
                "out",
                Tar::default().symlink("a", "../../etc").finish(),
                Packing::Gzip,
            ),
            Layer(
                "white",
                Tar::default().file(".wh.x", b"").finish(),
                Packing::Gzip,
            ),
        ],
    }]);
    images.write_artifact(&dir.path().join("hostile"));
    let damaged = folder();
    let blobs = fs::read_dir(damaged.path().join("out/blobs/sha256")).unwrap();
    let largest = blobs
        .map(|entry| entry.unwrap().path())
        .filter(|path| !fs::read(path).unwrap().starts_with(b"{"))
        .max_by_key(|path| (fs::metadata(path).unwrap().len(), path.clone()))
        .unwrap();
    let mut content = fs::read(&largest).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    fs::write(&largest, content).unwrap();
    let tree = damaged.path().join("tree");
    fs::create_dir(&tree).unwrap();
    fs::write(
        tree.join("krunner.json"),
        r#"{"version": 14, "libc": "gnu"}"#,
    )
    .unwrap();
    let labels =
        ["version=15", "libc=gnu"].map(|label| format!("--annotation ai.backend.krunner.{label}"));
    let pack = format!(
        "pack tree oci:told --platform linux/amd64 {}",
        labels.join(" ")
    );
    said(damaged.path(), &[&pack]);
    let steps = [
        "verify oci:typed",
        "verify oci:image",
        "verify oci:hostile",
        "verify oci:nowhere",
    ];
    let mut text = said(dir.path(), &steps);
    text.push('\n');
    text.push_str(&said(
        damaged.path(),
        &[
            "verify oci:out:15",
            "verify oci:out:15 --output json",
            "verify oci:told",
        ],
    ));
    insta::assert_snapshot!(text);
}

#[test]
fn what_a_copy_refuses_is_named() {
    let dir = folder();
    let out = dir.path().join("out");
    // A list of referrers that lies: a manifest of the artifact itself, which refers to nothing.
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("index.json")).unwrap()).unwrap();
    let root = index["manifests"][0].clone();
    let hex = root["digest"].as_str().unwrap().replace("sha256:", "");
    let children: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("blobs/sha256").join(&hex)).unwrap()).unwrap();
    let list = serde_json::json!({ "schemaVersion": 2, "mediaType": media::INDEX, "manifests": [children["manifests"][0]] });
    let mut entry = layout::blob(&out, media::INDEX, list.to_string().as_bytes());
    entry["annotations"] =
        serde_json::json!({ "org.opencontainers.image.ref.name": format!("sha256-{hex}") });
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [root, entry] });
    fs::write(out.join("index.json"), index.to_string()).unwrap();
    // A layer that has to be fetched from somewhere.
    layout::small().write_artifact(&dir.path().join("foreign"));
    let foreign = dir.path().join("foreign");
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(media::MANIFEST.to_owned()),
        artifact_type: None,
        config: Descriptor::of(media::CONFIG, b"{}"),
        layers: vec![Descriptor {
            urls: vec!["https://evil.example/layer".to_owned()],
            ..Descriptor::of(media::LAYER_GZIP, b"x")
        }],
        subject: None,
        annotations: std::collections::BTreeMap::new(),
    };
    let entry = layout::blob(&foreign, media::MANIFEST, &manifest.to_bytes().unwrap());
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [entry] });
    fs::write(foreign.join("index.json"), index.to_string()).unwrap();
    // An index in an index in an index, and more layers than there are stages.
    let bomb = dir.path().join("bomb");
    fs::create_dir_all(bomb.join("blobs/sha256")).unwrap();
    let mut layers = manifest.layers.clone();
    layers[0].urls.clear();
    let layers: Vec<Descriptor> = layers.into_iter().cycle().take(65).collect();
    let many = Manifest { layers, ..manifest };
    let mut entry = layout::blob(&bomb, media::MANIFEST, &many.to_bytes().unwrap());
    entry["annotations"] = serde_json::json!({ "org.opencontainers.image.ref.name": "layers" });
    let mut entries = vec![entry.clone()];
    for _ in 0..3 {
        let index = serde_json::json!({ "schemaVersion": 2, "manifests": [entry] });
        entry = layout::blob(&bomb, media::INDEX, index.to_string().as_bytes());
    }
    entry["annotations"] = serde_json::json!({ "org.opencontainers.image.ref.name": "nested" });
    entries.push(entry);
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": entries });
    fs::write(bomb.join("index.json"), index.to_string()).unwrap();
    insta::assert_snapshot!(said(
        dir.path(),
        &[
            "copy oci:out:15 oci:to",
            "copy oci:foreign oci:to",
            "copy oci:bomb:nested oci:to",
            "copy oci:bomb:layers oci:to",
            "copy oci:out:15 docker-archive:x.tar",
            "copy oci:out:15 127.0.0.1:1/krunner@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            "tag oci:out:15 .bad",
            "tag oci-archive:x.tar good",
        ]
    ));
}

#[test]
fn help_shows_examples() {
    let dir = tempfile::tempdir().unwrap();
    let verbs = [
        "pack",
        "copy",
        "tag",
        "diff",
        "verify",
        "completions",
        "man",
    ];
    let said: Vec<String> = verbs
        .map(|verb| krunner_in(dir.path(), &[verb, "--help"]))
        .into();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn shells_and_man_know_every_verb() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let said = krunner_in(dir.path(), &["completions", shell]);
        assert!(
            said.contains("publish") && said.contains("platform"),
            "{shell}"
        );
    }
    krunner_in(dir.path(), &["man", "pages"]);
    let page = fs::read_to_string(dir.path().join("pages/krunner-copy.1")).unwrap();
    assert!(
        page.contains("oci\\-archive") && page.contains("Examples"),
        "{page}"
    );
    assert!(dir.path().join("pages/krunner.1").is_file());
}
