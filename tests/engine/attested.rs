//! Bills of materials: beside every image, as a tree of their own, and as an answer.

use std::fs;

use serde_json::Value;

use crate::progress::Progress;
use crate::small::Small;
use crate::volume::attestations;
use crate::workbench::{Workbench, succeed};

/// The packages of a document: name, address of the package, and digest.
fn packages(document: &Value) -> Vec<(String, String, String)> {
    let list = document["packages"].as_array().unwrap().iter();
    list.map(|package| {
        let purl = package["externalRefs"][0]["referenceLocator"].as_str();
        let sha256 = package["checksums"][0]["checksumValue"].as_str();
        (
            package["name"].as_str().unwrap().to_owned(),
            purl.unwrap_or_default().to_owned(),
            sha256.unwrap_or_default().to_owned(),
        )
    })
    .collect()
}

/// Whether a document has both wheels, by name, address and digest.
fn is_complete(document: &Value) -> bool {
    ["alpha", "beta"].iter().all(|name| {
        packages(document).iter().any(|(package, purl, sha256)| {
            package == name
                && purl.starts_with(&format!("pkg:pypi/{name}@1.0"))
                && sha256.len() == 64
        })
    })
}

#[test]
fn every_platform_has_a_bill_of_its_own_and_no_scanner_is_run() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let folder = tempfile::tempdir().unwrap();
        let output = format!("type=oci,dest={},tar=false", folder.path().display());
        let build = small.build(&workbench, engine).with("--sbom=true");
        let progress = Progress::of_success(build, &output);
        let scanner = progress
            .vertices()
            .find(|vertex| vertex.name.contains("scanner"));
        assert!(scanner.is_none(), "{}", progress.said);
        let bills = attestations(folder.path(), "https://spdx.dev/Document");
        assert_eq!(bills.len(), 2);
        for bill in bills {
            assert!(is_complete(&bill), "{bill:#}");
        }
    }
}

#[test]
fn a_bill_is_a_target_and_an_answer_too() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(engine) = workbench.engine_of("28.5") else {
        return;
    };
    let small = Small::new();
    let folder = tempfile::tempdir().unwrap();
    let build = small.build(&workbench, engine).platforms("linux/amd64");
    build.with("--target").with("sbom").to_trees(folder.path());
    let mut files = fs::read_dir(folder.path()).unwrap();
    let file = files.next().unwrap().unwrap().path();
    let bill: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    assert!(is_complete(&bill), "{bill:#}");

    let build = small.build(&workbench, engine);
    let answer = succeed(&mut build.call("--call", "krunner.sbom,format=json"));
    for name in ["alpha", "beta"] {
        assert!(answer.contains(&format!("pkg:pypi/{name}@1.0")), "{answer}");
    }
    let answer = succeed(&mut build.call("--call", "krunner.lock,format=json"));
    assert!(
        answer.contains("alpha") && answer.contains("sha256"),
        "{answer}"
    );
}
