//! What an engine writes down of a volume: manifests, configs, provenance.

use std::path::Path;

use serde_json::Value;

use crate::small::Small;
use crate::volume::{Build, attestations, described, manifests};
use crate::workbench::{Workbench, succeed};

/// The config of every platform in a layout.
fn configs(layout: &Path) -> Vec<Value> {
    let built = manifests(layout);
    assert_eq!(built.len(), 2);
    built
        .values()
        .map(|manifest| described(layout, &manifest["config"]))
        .collect()
}

#[test]
fn a_pushed_volume_is_plain_and_has_a_line_of_history_for_each_layer() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let Some(mut skopeo) = workbench.tool("skopeo") else {
            return;
        };
        let small = Small::new();
        let name = format!("{}/krunner-pushed:1", workbench.registry);
        let build = small.build(&workbench, engine);
        succeed(&mut build.command(&format!(
            "type=image,name={name},push=true,oci-mediatypes=true"
        )));
        let folder = tempfile::tempdir().unwrap();
        let layout = folder.path().join("layout");
        let copy = [
            "copy",
            "--all",
            "--src-tls-verify=false",
            &format!("docker://{name}"),
        ];
        succeed(skopeo.args(copy).arg(format!("oci:{}:1", layout.display())));

        for manifest in manifests(&layout).values() {
            assert_eq!(
                manifest["mediaType"],
                "application/vnd.oci.image.manifest.v1+json"
            );
            for layer in manifest["layers"].as_array().unwrap() {
                let kind = layer["mediaType"].as_str().unwrap();
                assert!(
                    kind.starts_with("application/vnd.oci.image.layer.v1.tar"),
                    "{kind}"
                );
            }
        }
        for config in configs(&layout) {
            assert_eq!(config["created"], "2024-01-01T00:00:00Z");
            let layers = config["rootfs"]["diff_ids"].as_array().unwrap();
            let history = config["history"].as_array().unwrap();
            assert_eq!(layers.len(), history.len(), "{config}");
            let names = ["python", "wheels-alpha", "wheels-beta", "base"];
            assert_eq!(layers.len(), names.len());
            for (entry, name) in history.iter().zip(names) {
                assert_eq!(entry["created"], "2024-01-01T00:00:00Z");
                assert_eq!(entry["created_by"], format!("krunner {name}"));
            }
        }
    }
}

#[test]
fn times_can_be_set_and_configs_are_equal_on_every_engine() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let small = Small::new();
    let mut digests = Vec::new();
    for engine in workbench.modern() {
        let folder = tempfile::tempdir().unwrap();
        let build = small.build(&workbench, engine).with("--no-cache");
        let build = build.with("--build-arg").with("SOURCE_DATE_EPOCH=0");
        build.to_layout(folder.path());
        for config in configs(folder.path()) {
            assert_eq!(config["created"], "1970-01-01T00:00:00Z");
        }
        let configs: Vec<_> = manifests(folder.path())
            .into_iter()
            .map(|(platform, manifest)| (platform, manifest["config"]["digest"].clone()))
            .collect();
        digests.push(configs);
    }
    assert!(
        digests.windows(2).all(|pair| pair[0] == pair[1]),
        "{digests:#?}"
    );
}

/// The provenance of every platform.
#[track_caller]
fn provenance(build: Build<'_>) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    build.with("--provenance=mode=max").to_layout(folder.path());
    attestations(folder.path(), "https://slsa.dev/provenance")
}

/// The materials, by either version of the format.
fn materials(predicate: &Value) -> Vec<(String, Value)> {
    let v1 = &predicate["buildDefinition"]["resolvedDependencies"];
    let list = v1
        .as_array()
        .or_else(|| predicate["materials"].as_array())
        .unwrap();
    let material = |it: &Value| {
        (
            it["uri"].as_str().unwrap().to_owned(),
            it["digest"]["sha256"].clone(),
        )
    };
    list.iter().map(material).collect()
}

#[test]
fn provenance_names_every_download_with_its_digest_and_the_lines_of_the_spec() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for engine in workbench.modern() {
        let small = Small::new();
        let predicates = provenance(small.build(&workbench, engine));
        assert_eq!(predicates.len(), 2);
        let materials: Vec<_> = predicates.iter().flat_map(materials).collect();
        for file in [
            "python-amd64.tar",
            "python-arm64.tar",
            "alpha-1.0-py3-none-manylinux_2_17_x86_64.whl",
            "beta-1.0-py3-none-manylinux_2_17_aarch64.whl",
        ] {
            let url = small.served.url(&format!("/{file}"));
            let found = materials.iter().find(|(uri, _)| *uri == url);
            let digest = found.and_then(|(_, digest)| digest.as_str());
            assert!(
                digest.is_some_and(|digest| digest.len() == 64),
                "{url}: {materials:?}"
            );
        }
        for predicate in predicates {
            let text = predicate.to_string();
            assert!(
                text.contains("\"locations\"") && text.contains("krunner.toml"),
                "{text}"
            );
        }
    }
}

#[test]
fn a_build_from_a_repository_is_hermetic() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    let Some(small) = Small::in_repository() else {
        return;
    };
    for engine in workbench.modern() {
        let address = small.served.url("/repo.git#main");
        let build = small
            .build(&workbench, engine)
            .from(&address, "krunner.toml");
        for predicate in provenance(build) {
            let v1 = &predicate["runDetails"]["metadata"]["buildkit_hermetic"];
            let v02 = &predicate["metadata"]["https://mobyproject.org/buildkit@v1#hermetic"];
            assert!(*v1 == true || *v02 == true, "{predicate:#}");
        }
    }
}
