//! Keys: ECDSA on P-256 with SHA-256, which is what cosign makes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};

use super::{Error, encrypted};
use crate::digest::Digest;

/// A key that signs. Never shown.
pub struct SecretKey(SigningKey);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// A key that signatures are held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    name: String,
}

impl SecretKey {
    /// Reads a private key in PEM form: cosign's encrypted ones, PKCS #8 or SEC 1. `name` is for messages.
    pub fn parse(pem: &str, password: &str, name: &str) -> Result<Self, Error> {
        let fail = || Error::Key {
            kind: "private",
            name: name.to_owned(),
        };
        let key = match encrypted_content(pem) {
            Some(content) => {
                let content = STANDARD.decode(content).map_err(|_| fail())?;
                let der = encrypted::open(&content, password, name)?;
                p256::SecretKey::from_der(&der).map_err(|_| fail())?
            }
            None => p256::SecretKey::from_pem(pem.trim()).map_err(|_| fail())?,
        };
        Ok(Self(SigningKey::from(&key)))
    }

    /// The signature of some bytes, in DER form. The same for the same bytes.
    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(bytes);
        signature.to_der().as_bytes().to_vec()
    }

    /// The other half.
    pub fn public(&self, name: &str) -> PublicKey {
        PublicKey {
            key: *self.0.verifying_key(),
            name: name.to_owned(),
        }
    }
}

impl PublicKey {
    /// Reads a public key in PEM form. `name` is for messages.
    pub fn parse(pem: &str, name: &str) -> Result<Self, Error> {
        VerifyingKey::from_public_key_pem(pem.trim())
            .map(|key| Self {
                key,
                name: name.to_owned(),
            })
            .map_err(|_| Error::Key {
                kind: "public",
                name: name.to_owned(),
            })
    }

    /// Where it came from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this key made a signature of some bytes.
    pub(super) fn made(&self, signature: &[u8], bytes: &[u8]) -> bool {
        Signature::from_der(signature)
            .is_ok_and(|signature| self.key.verify(bytes, &signature).is_ok())
    }

    /// What bundles call a key by.
    pub(super) fn hint(&self) -> Option<String> {
        let der = self.key.to_public_key_der().ok()?;
        let digest = Digest::of(der.as_bytes());
        hex::decode(digest.hex())
            .ok()
            .map(|bytes| STANDARD.encode(bytes))
    }
}

/// What is between the lines of an encrypted key, if this is one.
fn encrypted_content(pem: &str) -> Option<String> {
    encrypted::LABELS.iter().find_map(|label| {
        let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
        let (content, _) = rest.split_once(&format!("-----END {label}-----"))?;
        Some(content.split_whitespace().collect())
    })
}
