//! Sigstore bundles with a key: an in-toto statement in a DSSE envelope, as cosign 3 signs and attests.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Error, PublicKey, SecretKey};
use crate::digest::Digest;

/// The media type of a bundle, and the artifact type of the manifest that carries it.
pub(super) const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What a signature without more to say is as a predicate.
pub(super) const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The predicate types that cosign has short names for, among those that volumes have.
const SHORT: [(&str, &str); 5] = [
    ("spdxjson", "https://spdx.dev/Document"),
    ("spdx", "https://spdx.dev/Document"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
];

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<Hint>,
}

#[derive(Serialize, Deserialize)]
struct Hint {
    hint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
struct Signature {
    sig: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: Value,
}

#[derive(Serialize, Deserialize)]
struct Subject {
    digest: BTreeMap<String, String>,
}

/// The predicate type that a short name stands for; whatever else is one itself.
pub fn predicate_type(name: &str) -> &str {
    SHORT
        .iter()
        .find(|(short, _)| *short == name)
        .map_or(name, |(_, kind)| kind)
}

/// A bundle in which `key` says `predicate` about `digest`.
pub(super) fn write(
    digest: &Digest,
    predicate_type: &str,
    predicate: &str,
    key: &SecretKey,
) -> Result<Vec<u8>, Error> {
    let statement = Statement {
        kind: STATEMENT.to_owned(),
        subject: vec![Subject {
            digest: BTreeMap::from([("sha256".to_owned(), digest.hex())]),
        }],
        predicate_type: predicate_type.to_owned(),
        predicate: serde_json::from_str(predicate).map_err(Error::Predicate)?,
    };
    let payload = serde_json::to_vec(&statement).map_err(Error::Write)?;
    let signature = key.sign(&authenticated(PAYLOAD_TYPE, &payload));
    let bundle = Bundle {
        media_type: MEDIA_TYPE.to_owned(),
        verification_material: Material {
            public_key: key.public("").hint().map(|hint| Hint { hint }),
        },
        dsse_envelope: Envelope {
            payload: STANDARD.encode(&payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![Signature {
                sig: STANDARD.encode(signature),
            }],
        },
    };
    serde_json::to_vec(&bundle).map_err(Error::Write)
}

/// The keys that say in a bundle that they sign `digest`.
pub(super) fn signers<'a>(
    bundle: &[u8],
    digest: &Digest,
    keys: &'a [PublicKey],
) -> Vec<&'a PublicKey> {
    let Ok(bundle) = serde_json::from_slice::<Bundle>(bundle) else {
        return Vec::new();
    };
    let envelope = bundle.dsse_envelope;
    let Ok(payload) = STANDARD.decode(&envelope.payload) else {
        return Vec::new();
    };
    let signed = authenticated(&envelope.payload_type, &payload);
    let signatures: Vec<Vec<u8>> = envelope
        .signatures
        .iter()
        .filter_map(|signature| STANDARD.decode(&signature.sig).ok())
        .collect();
    // Nothing of the payload is read before somebody has answered for it.
    let keys = keys.iter().filter(|key| {
        signatures
            .iter()
            .any(|signature| key.made(signature, &signed))
    });
    let keys: Vec<&PublicKey> = keys.collect();
    if keys.is_empty() || envelope.payload_type != PAYLOAD_TYPE {
        return Vec::new();
    }
    let Ok(statement) = serde_json::from_slice::<Statement>(&payload) else {
        return Vec::new();
    };
    let about = statement
        .subject
        .iter()
        .any(|subject| subject.digest.get("sha256") == Some(&digest.hex()));
    if about && statement.predicate_type == SIGNED {
        keys
    } else {
        Vec::new()
    }
}

/// What DSSE signs: the payload and its type, with their lengths.
fn authenticated(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_signed_is_told_apart_by_lengths() {
        assert_eq!(authenticated("a", b"b c"), b"DSSEv1 1 a 3 b c");
        assert_ne!(authenticated("a", b"b 1 c"), authenticated("a b", b"c"));
    }

    proptest! {
        #[test]
        fn no_bundle_is_too_much(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            assert!(signers(&bytes, &Digest::of(b"a"), &[]).is_empty());
        }
    }
}
