//! What a signature is of: cosign's "simple signing" payload, which names the artifact by its digest.

use serde::{Deserialize, Serialize};

use super::Error;
use crate::digest::Digest;

/// The media type of the payload as a layer.
pub(super) const MEDIA_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation of the layer that holds the signature.
pub(super) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const KIND: &str = "cosign container image signature";

/// The payload, in the order in which cosign writes it.
#[derive(Serialize, Deserialize)]
struct Payload {
    critical: Critical,
    optional: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference")]
    reference: String,
}

#[derive(Serialize, Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// The payload that says that `digest` is what `reference` is meant to be.
pub(super) fn write(digest: &Digest, reference: &str) -> Result<Vec<u8>, Error> {
    let payload = Payload {
        critical: Critical {
            identity: Identity {
                reference: reference.to_owned(),
            },
            image: Image {
                digest: digest.to_string(),
            },
            kind: KIND.to_owned(),
        },
        optional: None,
    };
    serde_json::to_vec(&payload).map_err(Error::Write)
}

/// Whether a payload is about `digest`. Its reference is not asked: mirrors have other names, and the digest is what
/// was signed.
pub(super) fn is_about(payload: &[u8], digest: &Digest) -> bool {
    serde_json::from_slice::<Payload>(payload).is_ok_and(|payload| {
        payload.critical.kind == KIND && payload.critical.image.digest == digest.to_string()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_payload_is_about_one_digest_and_no_other() {
        let (digest, other) = (Digest::of(b"a"), Digest::of(b"b"));
        let payload = write(&digest, "registry.example.com/krunner").unwrap();
        assert!(is_about(&payload, &digest) && !is_about(&payload, &other));
        let text = String::from_utf8(payload).unwrap();
        assert!(!is_about(
            text.replace("cosign", "notary").as_bytes(),
            &digest
        ));
    }

    proptest! {
        #[test]
        fn no_payload_is_too_much(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            assert!(!is_about(&bytes, &Digest::of(b"a")));
        }
    }
}
