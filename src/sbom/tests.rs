//! Documents of the fixture's plan.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::plan::{self, Locks, Plan, Request};
use crate::platform::Platform;
use crate::spec::Spec;

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/spec/static-gnu/"
);
fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{FOLDER}{name}")).unwrap()
}

fn plan() -> Plan {
    let spec = Spec::parse("krunner.toml", &fixture("krunner.toml")).unwrap();
    let read = |lock: &&str| ((*lock).to_owned(), fixture(lock));
    let locks = Locks::parse(&spec.locks().iter().map(read).collect());
    let request = Request {
        platform: Platform::ARM64,
        build_platform: Platform::AMD64,
        args: [(
            "DEBIAN_MIRROR".to_owned(),
            "https://debian.example".to_owned(),
        )]
        .into(),
        contexts: std::collections::BTreeSet::new(),
    };
    plan::build(&spec, &locks, &request).unwrap()
}

/// Read once: property tests ask for them often.
pub(super) fn parts() -> Parts {
    static PARTS: LazyLock<Parts> = LazyLock::new(|| {
        let plan = plan();
        let mut layers = vec!["runtime", "python", "ttyd", "base"];
        layers.extend(
            plan.wheels
                .iter()
                .flat_map(|wheels| wheels.layers().into_keys()),
        );
        Parts::of(&plan, &layers)
    });
    PARTS.clone()
}

fn installed(layer: &str, name: &str) -> Installed {
    Installed {
        layer: layer.to_owned(),
        name: name.to_owned(),
        version: "1.0".to_owned(),
        ..Installed::default()
    }
}

fn licence(path: &str, text: &str) -> Licence {
    Licence {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

/// Facts of every kind.
fn facts() -> Facts {
    Facts {
        tool: "krunner-frontend-0.0.0".to_owned(),
        installed: vec![
            Installed {
                expression: Some("mit".to_owned()),
                summary: Some("Classes without boilerplate".to_owned()),
                ..installed("wheels-attrs", "attrs")
            },
            Installed {
                licence: Some("BSD".to_owned()),
                classifiers: vec!["License :: OSI Approved :: BSD License".to_owned()],
                requires: vec![
                    "jupyter-core>=4".to_owned(),
                    "attrs; extra == 'x'".to_owned(),
                ],
                ..installed("wheels-jupyter-client", "jupyter-client")
            },
            Installed {
                classifiers: vec!["License :: OSI Approved :: MIT License".to_owned()],
                ..installed("python", "pip")
            },
        ],
        licences: [
            (
                "wheels/jupyter-client".to_owned(),
                vec![licence(
                    "licenses/wheels/jupyter-client/LICENSE",
                    "Our own terms.\nBe nice.",
                )],
            ),
            (
                "zlib".to_owned(),
                vec![licence("licenses/zlib/LICENSE", "Our own terms.\nBe nice.")],
            ),
        ]
        .into(),
        read: [(
            "ttyd-zlib".to_owned(),
            Read {
                file: "zlib_1.3.1.orig.tar.gz".to_owned(),
                sha256: crate::digest::Digest::of(b"zlib"),
            },
        )]
        .into(),
        patches: [(
            "ttyd".to_owned(),
            vec!["`src/server.c`: `5,` became `20,`".to_owned()],
        )]
        .into(),
        trees: [("python".to_owned(), Tree { files: 3, bytes: 9 })].into(),
    }
}

#[test]
fn the_document_of_a_plan_is_this() {
    insta::assert_snapshot!(document(&parts(), &facts()).to_json());
}

#[test]
fn a_document_keeps_the_rules_whatever_was_found() {
    for facts in [
        facts(),
        Facts {
            tool: "a-1".to_owned(),
            ..Facts::default()
        },
    ] {
        assert_eq!(check(&document(&parts(), &facts)), [].into());
    }
}

proptest! {
    #[test]
    fn a_document_keeps_the_rules_whatever_packages_say_of_themselves(
        texts in prop::collection::vec("\\PC{0,40}", 6),
        licence in prop::option::of("(MIT|BSD|\\PC{1,9}){1,3}"),
        name in "[a-z0-9]{1,3}(-[a-z_é ]{1,3})?",
    ) {
        let mut facts = facts();
        facts.installed.push(Installed {
            expression: licence.clone(),
            licence,
            classifiers: vec![texts[0].clone()],
            requires: vec![texts[1].clone()],
            version: texts[2].clone(),
            ..installed("python", &name)
        });
        let text = Licence { path: texts[3].clone(), text: texts[4].clone() };
        facts.licences.insert("wheels/attrs".to_owned(), vec![text]);
        facts.installed.remove(0);
        facts.read.values_mut().for_each(|read| read.file.clone_from(&texts[5]));
        let document = document(&parts(), &facts);
        prop_assert_eq!(check(&document), [].into());
        let read: Document = serde_json::from_str(&document.to_json()).unwrap();
        prop_assert_eq!(read, document);
    }
}

#[test]
fn names_that_differ_have_identifiers_that_differ() {
    let ids = ["file-a_b", "file-a-b", "file-a b", "file-a.b"].map(package::id);
    assert_eq!(
        ids.iter().collect::<std::collections::BTreeSet<_>>().len(),
        4
    );
}

#[test]
fn equal_facts_give_equal_bytes_and_others_another_namespace() {
    let (one, two) = (document(&parts(), &facts()), document(&parts(), &facts()));
    assert_eq!(one.to_json(), two.to_json());
    let mut other = facts();
    other.installed.pop();
    let other = document(&parts(), &other);
    assert_ne!(one.document_namespace, other.document_namespace);
}

#[test]
fn every_input_of_a_plan_is_in_its_document() {
    let plan = plan();
    let document = document(&parts(), &facts());
    for input in plan.inputs() {
        let id = package::id(&input.input.name);
        let found = document.packages.iter().find(|one| one.id == id);
        let found = found.unwrap_or_else(|| panic!("{id}"));
        if let plan::Origin::Http { url, sha256, .. } = &input.input.origin {
            assert_eq!(&found.download_location, url);
            assert_eq!(found.checksums[0].checksum_value, sha256.hex());
        }
    }
}

#[test]
fn a_part_of_a_volume_has_only_what_is_in_it() {
    let parts = Parts::of(&plan(), &["wheels-attrs", "wheels-janus"]);
    let names: Vec<&str> = parts
        .components
        .iter()
        .map(|part| part.name.as_str())
        .collect();
    assert_eq!(names, ["attrs", "janus"]);
    assert_eq!(check(&document(&parts, &facts())), [].into());
}

#[test]
fn a_document_that_breaks_a_rule_is_found() {
    let mut wrong = document(&parts(), &facts());
    wrong.packages[1].id = "SPDXRef-a_b".to_owned();
    wrong.packages[2].license_declared = "MIT AND".to_owned();
    wrong.packages[3].id = wrong.packages[4].id.clone();
    wrong.has_extracted_licensing_infos.clear();
    let faults = check(&wrong);
    let has = |fault: fn(&Fault) -> bool| assert!(faults.iter().any(fault), "{faults:?}");
    has(|fault| matches!(fault, Fault::Identifier(id) if id == "SPDXRef-a_b"));
    has(|fault| matches!(fault, Fault::Licence(text) if text == "MIT AND"));
    has(|fault| matches!(fault, Fault::Twice(_)));
    has(|fault| matches!(fault, Fault::Missing(id) if id.starts_with("LicenseRef-")));
    has(|fault| matches!(fault, Fault::Missing(id) if id.starts_with("SPDXRef-")));
}
