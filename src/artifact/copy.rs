//! An artifact from one place to another, byte for byte, with everything that refers to it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::document::{Descriptor, Index, Manifest};
use super::progress::{Reported, Reporter};
use super::referrers::{self, SIGNATURE_TAGS, signature_tag};
use super::transfer::{BlobSink, BlobSource, Document};
use super::verifier::Verifier;
use super::{Error, media};
use crate::digest::Digest;
use crate::parallel;

/// Blobs at a time: enough to fill a line that has to be waited for.
const PARALLEL: usize = 4;
/// An index in an index is as deep as engines go.
const MAX_NESTING: usize = 2;
/// What refers to what refers to what: a signature of an SBOM of a volume.
const MAX_REFERRING: usize = 3;
/// Manifests in all, referrers included.
const MAX_DOCUMENTS: usize = 1000;

/// What was copied.
#[derive(Clone, Debug, Serialize)]
pub struct Copied {
    /// What the reference named, here and there.
    pub digest: Digest,
    /// Indexes and manifests, referrers included.
    pub documents: usize,
    /// How many of them refer to the artifact.
    pub referrers: usize,
    /// Blobs in all.
    pub blobs: usize,
    /// How many of them had to be sent.
    pub sent_blobs: u64,
    /// And how many bytes those were.
    pub sent_bytes: u64,
}

/// Everything that is to be copied, in the order in which documents may be written.
#[derive(Default)]
struct Load {
    blobs: BTreeMap<Digest, Descriptor>,
    documents: Vec<Document>,
    attached: Vec<(Descriptor, Document)>,
    tags: Vec<(String, Document)>,
    seen: BTreeSet<Digest>,
}

/// Copies what `source` names, with its referrers if they are wanted. Its tag is written last.
pub fn copy(
    source: &dyn BlobSource,
    sink: &dyn BlobSink,
    with_referrers: bool,
    reporter: &dyn Reporter,
) -> Result<Copied, Error> {
    let root = source.root()?;
    let mut load = Load::default();
    let referring = if with_referrers { MAX_REFERRING } else { 0 };
    load.add(source, &root, MAX_NESTING, referring)?;
    let (sent_blobs, sent_bytes) = load.send_blobs(source, sink, reporter)?;
    for document in &load.documents {
        sink.manifest(&document.descriptor, &document.content)?;
    }
    for (subject, document) in &load.attached {
        sink.attach(subject, &document.descriptor, &document.content)?;
    }
    for (tag, document) in &load.tags {
        sink.tag_as(tag, &document.descriptor, &document.content)?;
    }
    sink.tag(&root.descriptor, &root.content)?;
    let referrers = load.attached.len() + load.tags.len();
    Ok(Copied {
        digest: root.descriptor.digest,
        // Those, what refers to them, and the root itself.
        documents: load.documents.len() + referrers + 1,
        referrers,
        blobs: load.blobs.len(),
        sent_blobs,
        sent_bytes,
    })
}

impl Load {
    /// Adds all that a document names, and what refers to it; not the document itself.
    fn add(
        &mut self,
        source: &dyn BlobSource,
        document: &Document,
        nesting: usize,
        referring: usize,
    ) -> Result<(), Error> {
        if self.seen.len() >= MAX_DOCUMENTS {
            return Err(Error::TooMany("manifests in all", self.seen.len()));
        }
        self.seen.insert(document.descriptor.digest);
        if media::is_index(&document.descriptor.media_type) {
            let nesting = nesting.checked_sub(1).ok_or(Error::Nested)?;
            for descriptor in Index::parse(&document.content)?.manifests {
                if self.seen.contains(&descriptor.digest) {
                    continue;
                }
                let content = source.manifest(&descriptor)?;
                descriptor.check(&content)?;
                let child = Document {
                    descriptor,
                    content,
                };
                self.add(source, &child, nesting, referring)?;
                self.documents.push(child);
            }
        } else if media::is_manifest(&document.descriptor.media_type) {
            let manifest = Manifest::parse(&document.content)?;
            for blob in manifest.layers.into_iter().chain([manifest.config]) {
                if !blob.urls.is_empty() || media::is_foreign(&blob.media_type) {
                    return Err(Error::Foreign(blob.digest));
                }
                self.blobs.insert(blob.digest, blob);
            }
        }
        let Some(referring) = referring.checked_sub(1) else {
            return Ok(());
        };
        let subject = &document.descriptor;
        for referrer in referrers::of(source, &subject.digest)? {
            if self.seen.contains(&referrer.document.descriptor.digest) {
                continue;
            }
            self.add(source, &referrer.document, nesting, referring)?;
            self.attached.push((subject.clone(), referrer.document));
        }
        for kind in SIGNATURE_TAGS {
            let tag = signature_tag(&subject.digest, kind);
            if let Some(document) = source.tagged(&tag)? {
                self.add(source, &document, nesting, 0)?;
                self.tags.push((tag, document));
            }
        }
        Ok(())
    }

    /// Sends what is not there yet. Returns how many blobs and bytes that were.
    fn send_blobs(
        &self,
        source: &dyn BlobSource,
        sink: &dyn BlobSink,
        reporter: &dyn Reporter,
    ) -> Result<(u64, u64), Error> {
        let mut queue: Vec<&Descriptor> = self.blobs.values().collect();
        queue.sort_by_key(|blob| blob.size);
        let sent = parallel::map(queue, PARALLEL, |blob| -> Result<Option<u64>, Error> {
            if sink.has(blob)? {
                return Ok(None);
            }
            let name = blob
                .annotations
                .get(super::compose::TITLE)
                .map_or("blob", String::as_str);
            // What a registry mounts is not read.
            let opened = AtomicBool::new(false);
            sink.blob(blob, &|| {
                opened.store(true, Ordering::Relaxed);
                let task = reporter.start(&format!("{} →", media::plain(name, 24)), blob.size);
                let content = source.blob(blob).map_err(io::Error::other)?;
                let content = Verifier::new(content, blob);
                Ok(Box::new(Reported::new(content, task)) as Box<dyn Read + Send>)
            })?;
            Ok(opened.into_inner().then_some(blob.size))
        })?;
        let sent: Vec<u64> = sent.into_iter().flatten().collect();
        Ok((sent.len() as u64, sent.iter().sum()))
    }
}
