//! The attestation: the bill of materials beside a result, where the client asks for one.

use std::collections::HashMap;

use crate::gateway::{Options, Pong, Reference, proto};
use krunner::sbom::FILE;

/// The option in which clients ask for one, and the argument by which they did at first.
const ASKED: [&str; 2] = ["attest:sbom", "build-arg:BUILDKIT_ATTEST_SBOM"];
/// What consumers know SPDX documents by. An engine that finds it in a result starts no scanner of its own.
const PREDICATE: &str = "https://spdx.dev/Document";
/// The capability of engines that take attestations.
const CAPABILITY: &str = "reference.attestations";

/// Whether the result is to carry one: the client asks for it, names no scanner of its own, and the engine takes it.
pub(super) fn wanted(options: &Options, pong: &Pong) -> bool {
    let asked = ASKED.iter().find_map(|key| options.raw(key));
    asked.is_some_and(asks_us) && pong.gateway.has(CAPABILITY)
}

/// The value is a list such as `type=sbom,generator=IMAGE`, its fields in quotes where they must be.
fn asks_us(value: &str) -> bool {
    let mut fields = value
        .split(',')
        .map(|field| field.trim().trim_matches('"').split_once('='));
    !fields.any(|field| match field {
        // Whoever names a scanner wants what it finds.
        Some(("generator", image)) => !image.is_empty(),
        Some(("disabled", value)) => value != "false",
        _ => false,
    })
}

/// The document in the tree `reference` as what is said of a result.
pub(super) fn attestation(reference: Reference) -> proto::Attestations {
    proto::Attestations {
        attestation: vec![proto::Attestation {
            kind: proto::AttestationKind::InToto.into(),
            metadata: HashMap::from([("reason".to_owned(), b"sbom".to_vec())]),
            r#ref: Some(proto::Ref {
                id: reference.0,
                def: None,
            }),
            path: format!("/{FILE}"),
            in_toto_predicate_type: PREDICATE.to_owned(),
            // None stands for the image that the result becomes.
            in_toto_subjects: Vec::new(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_names_a_scanner_gets_that_scanner() {
        for value in [
            "",
            "type=sbom",
            "type=sbom,generator=",
            "type=sbom,disabled=false",
        ] {
            assert!(asks_us(value), "{value}");
        }
        for value in [
            "type=sbom,generator=a/scanner:1",
            "generator=a",
            "type=sbom,\"generator=a\"",
            "type=sbom,disabled=true",
        ] {
            assert!(!asks_us(value), "{value}");
        }
    }
}
