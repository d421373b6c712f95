//! The bill of materials beside an image: ours, one for each platform, and no scanner's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::volume::{Build, diff_ids, json};
use crate::workbench::Workbench;

fn blob(layout: &Path, digest: &Value) -> Value {
    let digest = digest.as_str().unwrap();
    json(&layout.join("blobs").join(digest.replace(':', "/")))
}

/// The statements about each platform's image, by platform.
fn statements(layout: &Path) -> BTreeMap<String, Vec<Value>> {
    let mut pending = vec![json(&layout.join("index.json"))];
    let mut images = BTreeMap::new();
    let mut attested = Vec::new();
    while let Some(document) = pending.pop() {
        for entry in document["manifests"].as_array().unwrap() {
            let manifest = blob(layout, &entry["digest"]);
            let about = &entry["annotations"]["vnd.docker.reference.digest"];
            if manifest.get("manifests").is_some() {
                pending.push(manifest);
            } else if about.is_string() {
                attested.push((about.as_str().unwrap().to_owned(), manifest));
            } else {
                let config = blob(layout, &manifest["config"]["digest"]);
                let text = |key: &str| config[key].as_str().unwrap().to_owned();
                let platform = format!("{}/{}", text("os"), text("architecture"));
                images.insert(entry["digest"].as_str().unwrap().to_owned(), platform);
            }
        }
    }
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (about, manifest) in attested {
        let layers = manifest["layers"].as_array().unwrap();
        let all = layers.iter().map(|layer| blob(layout, &layer["digest"]));
        let of = found.entry(images[&about].clone()).or_default();
        assert!(of.is_empty(), "two attestation manifests for {about}");
        of.extend(all);
    }
    found
}

fn is_spdx(statement: &Value) -> bool {
    statement["predicateType"] == "https://spdx.dev/Document"
}

/// Name and version of every package in a lock, and the digests of all its wheels.
fn lock(path: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let text = std::fs::read_to_string(path).unwrap();
    let lock: toml::Table = toml::from_str(&text).unwrap();
    let (mut packages, mut digests) = (BTreeSet::new(), BTreeSet::new());
    for package in lock["packages"].as_array().unwrap() {
        let text = |key: &str| package[key].as_str().unwrap().to_owned();
        // What a marker is for may not be for this platform.
        if package.get("marker").is_none() {
            packages.insert(format!("pkg:pypi/{}@{}", text("name"), text("version")));
        }
        for wheel in package["wheels"].as_array().unwrap() {
            digests.insert(wheel["hashes"]["sha256"].as_str().unwrap().to_owned());
        }
    }
    (packages, digests)
}

#[test]
fn each_platform_of_an_image_has_our_bill_of_materials_and_no_scanner_runs() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(engine) = workbench.engine_of("28.5") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (plain, layout) = (folder.path().join("plain"), folder.path().join("attested"));
    // Engines say of an image without a name in its manifest only which image is meant.
    let to = format!(
        "type=oci,dest={},tar=false,name=example.org/krunner:15",
        layout.display()
    );
    let output = Build::named(&workbench, engine, "any")
        .with("--sbom=true")
        .command(&to)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("scanner"), "{said}");
    assert!(said.contains("write the bill of materials"), "{said}");

    let (packages, digests) = lock(&workbench.examples["any"].folder.join("pylock.toml"));
    let statements = statements(&layout);
    let platforms: Vec<&str> = statements.keys().map(String::as_str).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    for (platform, all) in &statements {
        let ours: Vec<&Value> = all.iter().filter(|it| is_spdx(it)).collect();
        let [ours] = ours.as_slice() else {
            panic!("{platform} has {} bills of materials", ours.len());
        };
        assert!(ours["subject"][0]["digest"]["sha256"].is_string());
        let document = &ours["predicate"];
        let tool = document["creationInfo"]["creators"][0].as_str().unwrap();
        assert!(tool.starts_with("Tool: krunner-frontend-"), "{tool}");
        let mut listed = BTreeSet::new();
        for package in document["packages"].as_array().unwrap() {
            let purl = package["externalRefs"][0]["referenceLocator"].as_str();
            let id = package["SPDXID"].as_str().unwrap();
            if id.starts_with("SPDXRef-wheel-") {
                let sha256 = package["checksums"][0]["checksumValue"].as_str().unwrap();
                assert!(digests.contains(sha256), "{package}");
                listed.insert(purl.unwrap().to_owned());
            }
        }
        let missing: Vec<_> = packages.difference(&listed).collect();
        assert!(missing.is_empty(), "{platform}: {missing:?}");
    }

    // What is said of an image changes nothing in it.
    Build::named(&workbench, engine, "any").to_layout(&plain);
    assert_eq!(diff_ids(&plain), diff_ids(&layout));
}

#[test]
fn the_document_is_the_same_in_every_build_and_on_every_engine() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut documents = BTreeSet::new();
    for (number, engine) in workbench.modern().enumerate() {
        let out = folder.path().join(number.to_string());
        Build::named(&workbench, engine, "any")
            .platforms("linux/amd64")
            .with("--target=sbom")
            .to_trees(&out);
        documents.insert(std::fs::read_to_string(out.join("sbom.spdx.json")).unwrap());
    }
    assert_eq!(documents.len(), 1);
}
