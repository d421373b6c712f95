//! The result: what is returned to the engine when a build has worked out.

use std::collections::BTreeMap;

use krunner::plan::Plan;
use serde_json::json;

use super::attestation::attestation;
use super::config::config;
use super::request::Request;
use crate::gateway::{Reference, proto};

/// One platform's result.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) plan: Plan,
    /// The names of its layers, lowest first.
    pub(super) layers: Vec<String>,
    pub(super) reference: Reference,
    /// The tree with the bill of materials, if one is wanted.
    pub(super) sbom: Option<Reference>,
}

/// A result with what describes it.
#[derive(Debug)]
pub struct Outcome {
    /// One tree, or one for each platform.
    pub result: proto::result::Result,
    /// Configs, annotations, times.
    pub metadata: BTreeMap<String, Vec<u8>>,
    /// What is said of the trees, by platform even where there is only one tree.
    pub attestations: BTreeMap<String, proto::Attestations>,
}

/// Puts the platforms' results together.
pub(super) fn outcome(built: Vec<Built>, request: &Request) -> Outcome {
    let mut metadata = BTreeMap::new();
    let platforms: Vec<_> = built
        .iter()
        .map(|built| {
            let platform = built.plan.platform;
            json!({
                "ID": platform.to_string(),
                "Platform": { "architecture": platform.architecture.oci(), "os": platform.os() },
            })
        })
        .collect();
    // Engines since 0.11 look for it even beside a single result.
    metadata.insert(
        "refs.platforms".to_owned(),
        json!({ "Platforms": platforms }).to_string().into_bytes(),
    );
    let mut attestations = BTreeMap::new();
    for built in &built {
        if let Some(sbom) = built.sbom.clone() {
            let platform = built.plan.platform.to_string();
            attestations.insert(platform, attestation(sbom));
        }
        describe(built, request, &mut metadata);
    }
    // Engines refuse it where there is no index.
    if request.map {
        for (key, value) in common(&built) {
            let key = format!("annotation-index.{key}");
            metadata.insert(key, value.as_bytes().to_vec());
        }
    }
    let reference = |reference: Reference| proto::Ref {
        id: reference.0,
        def: None,
    };
    let mut built = built.into_iter();
    let result = match (request.map, built.len()) {
        (false, 1) => proto::result::Result::Ref(
            built
                .next()
                .map(|built| reference(built.reference))
                .unwrap_or_default(),
        ),
        _ => proto::result::Result::Refs(proto::RefMap {
            refs: built
                .map(|built| (built.plan.platform.to_string(), reference(built.reference)))
                .collect(),
        }),
    };
    Outcome {
        result,
        metadata,
        attestations,
    }
}

/// What the manifests of all platforms say alike, which is what there is to say of the whole.
fn common(built: &[Built]) -> impl Iterator<Item = (&String, &String)> {
    let first = built.first().into_iter();
    let annotations = first.flat_map(|built| &built.plan.annotations);
    annotations.filter(|(key, value)| {
        let mut all = built.iter().map(|built| &built.plan.annotations);
        all.all(|annotations| annotations.get(*key) == Some(value))
    })
}

fn describe(built: &Built, request: &Request, metadata: &mut BTreeMap<String, Vec<u8>>) {
    let platform = built.plan.platform;
    let suffix = if request.map {
        format!("/{platform}")
    } else {
        String::new()
    };
    metadata.insert(
        format!("containerimage.config{suffix}"),
        config(&built.plan, &built.layers, &request.labels),
    );
    metadata.insert(
        format!("source.date.epoch{suffix}"),
        built.plan.volume.epoch.to_string().into_bytes(),
    );
    for (key, value) in &built.plan.annotations {
        let scope = if request.map {
            format!("annotation-manifest[{platform}]")
        } else {
            "annotation-manifest".to_owned()
        };
        metadata.insert(format!("{scope}.{key}"), value.clone().into_bytes());
    }
}
