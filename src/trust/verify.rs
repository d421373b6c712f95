//! Which keys have signed an artifact, whoever made the signatures: krunner, cosign 2 or cosign 3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Error, PublicKey, envelope, payload};
use crate::artifact::{
    BlobSource, Descriptor, Manifest, media, read_capped, referrers, signature_tag,
};
use crate::digest::Digest;

/// More than any payload or bundle of a signature has.
const MAX_SIGNATURE: u64 = 1 << 20;

/// The keys, of those given, that have signed `digest`. An error if there is none: what cannot be verified is not there.
pub fn signers<'a>(
    source: &dyn BlobSource,
    digest: &Digest,
    keys: &'a [PublicKey],
) -> Result<Vec<&'a PublicKey>, Error> {
    let mut found = 0;
    let mut signers: Vec<&PublicKey> = Vec::new();
    if let Some(there) = source.tagged(&signature_tag(digest, "sig"))?
        && media::is_manifest(&there.descriptor.media_type)
    {
        for layer in Manifest::parse(&there.content)?.layers {
            if layer.media_type != payload::MEDIA_TYPE {
                continue;
            }
            found += 1;
            signers.extend(payload_signers(source, &layer, digest, keys)?);
        }
    }
    // What has an answer is not asked on: a list that somebody else broke must not hide a good signature.
    if signers.is_empty() {
        for referrer in referrers(source, digest)? {
            let Some(layer) = referrer.manifest.layers.first() else {
                continue;
            };
            if layer.media_type == envelope::MEDIA_TYPE {
                found += 1;
                let bundle = small(source, layer)?;
                signers.extend(envelope::signers(&bundle, digest, keys));
            }
        }
    }
    signers.sort_by(|a, b| a.name().cmp(b.name()));
    signers.dedup();
    if signers.is_empty() {
        return Err(Error::Unsigned {
            digest: *digest,
            keys: keys.len(),
            found: match found {
                0 => "it has no signature".to_owned(),
                1 => "it has 1 signature or attestation of others".to_owned(),
                n => format!("it has {n} signatures and attestations of others"),
            },
        });
    }
    Ok(signers)
}

fn payload_signers<'a>(
    source: &dyn BlobSource,
    layer: &Descriptor,
    digest: &Digest,
    keys: &'a [PublicKey],
) -> Result<Vec<&'a PublicKey>, Error> {
    let signature = layer.annotations.get(payload::SIGNATURE);
    let Some(signature) = signature.and_then(|text| STANDARD.decode(text).ok()) else {
        return Ok(Vec::new());
    };
    let content = small(source, layer)?;
    let made = keys.iter().filter(|key| key.made(&signature, &content));
    let made: Vec<&PublicKey> = made.collect();
    if made.is_empty() || !payload::is_about(&content, digest) {
        return Ok(Vec::new());
    }
    Ok(made)
}

fn small(source: &dyn BlobSource, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
    let what = descriptor.digest.to_string();
    let content = read_capped(source.blob(descriptor)?, MAX_SIGNATURE, &what)?;
    descriptor.check(&content)?;
    Ok(content)
}
