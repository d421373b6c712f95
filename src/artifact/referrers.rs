//! What refers to an artifact: signatures, SBOMs, provenance.

use std::collections::BTreeMap;

use super::document::{Descriptor, Index, Manifest};
use super::transfer::{BlobSource, Document};
use super::{Error, media};
use crate::digest::Digest;

/// The tags under which cosign 2 keeps what refers to a digest: `sha256-HEX.sig` and its like.
pub const SIGNATURE_TAGS: [&str; 3] = ["sig", "att", "sbom"];

/// One thing that refers to another.
#[derive(Clone, Debug)]
pub struct Referrer {
    /// Its manifest, as it was.
    pub document: Document,
    /// The same, read.
    pub manifest: Manifest,
}

impl Referrer {
    /// What it is.
    pub fn kind(&self) -> &str {
        self.manifest
            .artifact_type
            .as_deref()
            .unwrap_or(&self.manifest.config.media_type)
    }
}

/// Everything that refers to `subject`, read and held against what it claims to be. Lists are not believed: neither that
/// an entry refers to `subject`, nor what it is.
pub fn of(source: &dyn BlobSource, subject: &Digest) -> Result<Vec<Referrer>, Error> {
    let mut found = Vec::new();
    for mut descriptor in source.referrers(subject)? {
        if !media::is_manifest(&descriptor.media_type) {
            continue;
        }
        let content = source.manifest(&descriptor)?;
        descriptor.check(&content)?;
        let manifest = Manifest::parse(&content)?;
        if manifest.subject.as_ref().map(|named| named.digest) != Some(*subject) {
            return Err(Error::Subject {
                referrer: descriptor.digest,
                subject: *subject,
            });
        }
        // Lists of some tools give every entry the type of an empty config.
        descriptor.artifact_type = Some(
            manifest
                .artifact_type
                .clone()
                .unwrap_or_else(|| manifest.config.media_type.clone()),
        );
        descriptor.annotations.clone_from(&manifest.annotations);
        found.push(Referrer {
            document: Document {
                descriptor,
                content,
            },
            manifest,
        });
    }
    Ok(found)
}

/// The tag under which cosign 2 keeps signatures (`sig`), attestations (`att`) or SBOMs (`sbom`) of `subject`.
pub fn signature_tag(subject: &Digest, kind: &str) -> String {
    format!("{}.{kind}", referrers_tag(subject))
}

/// The tag that stands in for the list of what refers to `subject`, as the distribution specification has it.
pub fn referrers_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

/// The list with one more referrer, or nothing if it is in it already.
pub fn referrers_list(known: Vec<Descriptor>, referrer: Descriptor) -> Option<Index> {
    if known.iter().any(|entry| entry.digest == referrer.digest) {
        return None;
    }
    let mut manifests = known;
    manifests.push(referrer);
    Some(Index {
        schema_version: 2,
        media_type: Some(media::INDEX.to_owned()),
        artifact_type: None,
        manifests,
        subject: None,
        annotations: BTreeMap::new(),
    })
}
