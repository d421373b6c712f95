//! What refers to an artifact, where no registry keeps the list.

use std::collections::BTreeMap;

use super::document::{Descriptor, Index};
use super::media;
use crate::digest::Digest;

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
