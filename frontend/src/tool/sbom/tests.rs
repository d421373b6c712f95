//! The step as a whole.

use std::fs;

use krunner::digest::Digest;
use krunner::plan::{Slim, Volume};
use krunner::platform::Platform;
use krunner::sbom::{Component, FILE, Kind};
use serde_json::Value;

use super::*;

fn component(input: &str, kind: Kind, (stage, layer): (&str, &str), name: &str) -> Component {
    Component {
        input: input.to_owned(),
        kind,
        stage: stage.to_owned(),
        layer: Some(layer.to_owned()),
        name: name.to_owned(),
        version: Some("1.0".to_owned()),
        architecture: None,
        file: None,
        url: None,
        sha256: None,
    }
}

fn parts() -> Parts {
    Parts {
        volume: Volume {
            name: "any".to_owned(),
            version: 1,
            prefix: "/opt/backend.ai".to_owned(),
            libc: "any".to_owned(),
            epoch: 1_700_000_000,
        },
        platform: Platform::AMD64,
        python: "3.13.2".to_owned(),
        components: vec![
            component(
                "python-amd64",
                Kind::Python,
                ("python", "python"),
                "cpython",
            ),
            component("ttyd-ttyd", Kind::Source, ("ttyd", "ttyd"), "ttyd"),
            component("wheel-a", Kind::Wheel, ("wheels", "wheels-a"), "a"),
        ],
        slim: Slim {
            drop: Vec::new(),
            keep: Vec::new(),
            strip_symbols: false,
        },
        keepalive: Some((20, 30)),
    }
}

#[test]
fn the_document_says_what_lies_in_the_trees() {
    let temp = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = temp.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "wheels-a/lib/python3.13/site-packages/a-1.0.dist-info/METADATA",
        "Name: A\nVersion: 1.0\nLicense: MIT\n",
    );
    write("wheels-a/licenses/wheels/a/deep/LICENSE", "text");
    write(
        "python/lib/python3.13/site-packages/pip-9.dist-info/METADATA",
        "Name: pip\nVersion: 9\n",
    );
    write("base/licenses/python/LICENSE", "Terms of Python");
    write("input/python.tar.gz", "bytes");
    let trees = ["wheels-a", "python", "base"];
    let step = Sbom {
        parts: &parts(),
        trees: &trees
            .map(|layer| (layer.to_owned(), temp.path().join(layer)))
            .into(),
        unpinned: &[Bytes {
            name: "python-amd64".to_owned(),
            path: temp.path().join("input"),
            sha256: None,
        }],
        epoch: 1_700_000_000,
    };
    let out = temp.path().join("out");
    run(&step, &out).unwrap();
    let text = fs::read_to_string(out.join(FILE)).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["creationInfo"]["created"], "2023-11-14T22:13:20Z");
    let packages = document["packages"].as_array().unwrap();
    let package = |name: &str| {
        let found = packages.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{name} in {text}"))
    };
    assert_eq!(package("a")["licenseDeclared"], "MIT");
    assert_eq!(
        package("a")["externalRefs"][0]["referenceLocator"],
        "pkg:pypi/a@1.0"
    );
    assert_eq!(
        package("a")["annotations"][0]["comment"],
        "Lies in layer `wheels-a`"
    );
    let python = package("cpython");
    assert_eq!(
        python["checksums"][0]["checksumValue"],
        Digest::of(b"bytes").hex()
    );
    assert_eq!(python["packageFileName"], "python.tar.gz");
    let licence = python["licenseDeclared"].as_str().unwrap();
    assert_eq!(
        document["hasExtractedLicensingInfos"][0]["licenseId"],
        licence
    );
    assert_eq!(
        document["hasExtractedLicensingInfos"][0]["extractedText"],
        "Terms of Python"
    );
    assert_eq!(package("pip")["versionInfo"], "9");
    let patch = package("ttyd")["annotations"][0]["comment"]
        .as_str()
        .unwrap();
    assert!(patch.starts_with("Patched: `src/server.c`"), "{patch}");
    // Twice the same bytes.
    let again = temp.path().join("again");
    run(&step, &again).unwrap();
    assert_eq!(fs::read_to_string(again.join(FILE)).unwrap(), text);
}

#[test]
fn a_link_out_of_a_tree_is_not_followed() {
    let temp = tempfile::tempdir().unwrap();
    let tree = temp.path().join("wheels-a");
    fs::create_dir_all(tree.join("licenses/wheels/a")).unwrap();
    fs::write(temp.path().join("secret"), "secret").unwrap();
    let link = tree.join("licenses/wheels/a/LICENSE");
    std::os::unix::fs::symlink("../../../../secret", link).unwrap();
    let step = Sbom {
        parts: &parts(),
        trees: &[("wheels-a".to_owned(), tree)].into(),
        unpinned: &[],
        epoch: 0,
    };
    assert!(facts::gather(&step).unwrap().licences.is_empty());
}

#[test]
fn licences_belong_to_the_folder_of_their_component() {
    for (path, key) in [
        ("wheels/a/deep/LICENSE", "wheels/a"),
        ("runtime/libc6/copyright", "runtime/libc6"),
        ("python/LICENSE", "python"),
        ("libuv/LICENSE", "libuv"),
        ("LICENSE", ""),
    ] {
        assert_eq!(facts::folder(path), key);
    }
}
