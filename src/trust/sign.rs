//! Signing and attesting: what is signed is the digest, and where the signature lies is where cosign looks.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Error, SecretKey, envelope, payload};
use crate::artifact::{BlobSink, BlobSource, Descriptor, Document, Manifest, media, signature_tag};
use crate::digest::Digest;

/// An empty config, which OCI 1.1 has for whatever is no image.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// Signs a document for `reference`, beside the signatures that it has. Returns the digest of the signatures' manifest.
pub fn sign(
    source: &dyn BlobSource,
    sink: &dyn BlobSink,
    subject: &Document,
    reference: &str,
    key: &SecretKey,
) -> Result<Digest, Error> {
    let digest = subject.descriptor.digest;
    let tag = signature_tag(&digest, "sig");
    let payload = payload::write(&digest, reference)?;
    let signature = STANDARD.encode(key.sign(&payload));
    let layer = Descriptor {
        annotations: BTreeMap::from([(payload::SIGNATURE.to_owned(), signature)]),
        ..Descriptor::of(payload::MEDIA_TYPE, &payload)
    };
    let there = source.tagged(&tag)?;
    let mut layers = match &there {
        Some(there) if media::is_manifest(&there.descriptor.media_type) => {
            Manifest::parse(&there.content)?.layers
        }
        _ => Vec::new(),
    };
    if let Some(there) = there.filter(|_| layers.contains(&layer)) {
        return Ok(there.descriptor.digest);
    }
    layers.push(layer.clone());
    put(sink, &layer, &payload)?;
    let config = config(&layers)?;
    put(sink, &Descriptor::of(media::CONFIG, &config), &config)?;
    let content = Manifest {
        schema_version: 2,
        media_type: Some(media::MANIFEST.to_owned()),
        artifact_type: None,
        config: Descriptor::of(media::CONFIG, &config),
        layers,
        subject: None,
        annotations: BTreeMap::new(),
    }
    .to_bytes()?;
    let manifest = Descriptor::of(media::MANIFEST, &content);
    sink.manifest(&manifest, &content)?;
    sink.tag_as(&tag, &manifest, &content)?;
    Ok(manifest.digest)
}

/// Says something about a document, signed, as a referrer of it. Returns the referrer's digest.
pub fn attest(
    sink: &dyn BlobSink,
    subject: &Document,
    predicate_type: &str,
    predicate: &str,
    key: &SecretKey,
) -> Result<Digest, Error> {
    let subject = Descriptor::of(&subject.descriptor.media_type, &subject.content);
    let bundle = envelope::write(&subject.digest, predicate_type, predicate, key)?;
    let layer = Descriptor::of(envelope::MEDIA_TYPE, &bundle);
    let config = Descriptor::inline(EMPTY, b"{}");
    put(sink, &config, b"{}")?;
    put(sink, &layer, &bundle)?;
    let annotations = BTreeMap::from([
        ("dev.sigstore.bundle.content", "dsse-envelope"),
        ("dev.sigstore.bundle.predicateType", predicate_type),
    ]);
    let annotations: BTreeMap<String, String> = annotations
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let content = Manifest {
        schema_version: 2,
        media_type: Some(media::MANIFEST.to_owned()),
        artifact_type: Some(envelope::MEDIA_TYPE.to_owned()),
        config,
        layers: vec![layer],
        subject: Some(subject.clone()),
        annotations: annotations.clone(),
    }
    .to_bytes()?;
    let descriptor = Descriptor {
        artifact_type: Some(envelope::MEDIA_TYPE.to_owned()),
        annotations,
        ..Descriptor::of(media::MANIFEST, &content)
    };
    sink.attach(&subject, &descriptor, &content)?;
    Ok(descriptor.digest)
}

/// A config as cosign writes it: an image of nothing, with the payloads as its layers.
fn config(layers: &[Descriptor]) -> Result<Vec<u8>, Error> {
    let digests: Vec<&Digest> = layers.iter().map(|layer| &layer.digest).collect();
    let history: Vec<_> = layers
        .iter()
        .map(|_| serde_json::json!({ "created": "0001-01-01T00:00:00Z" }))
        .collect();
    serde_json::to_vec(&serde_json::json!({
        "architecture": "",
        "config": {},
        "created": "0001-01-01T00:00:00Z",
        "history": history,
        "os": "",
        "rootfs": { "type": "layers", "diff_ids": digests },
    }))
    .map_err(Error::Write)
}

fn put(sink: &dyn BlobSink, descriptor: &Descriptor, content: &[u8]) -> Result<(), Error> {
    if !sink.has(descriptor)? {
        sink.blob(descriptor, &|| {
            Ok(Box::new(Cursor::new(content)) as Box<dyn Read + Send>)
        })?;
    }
    Ok(())
}
