//! The two small traits that join everything: content comes from a [`BlobSource`] and goes to a [`BlobSink`].
//!
//! Both block; a medium with an asynchronous heart hides it. A source need not be honest: whoever reads from one
//! verifies, with [`Descriptor::check`] or a [`Verifier`](super::Verifier).

use std::io::{self, Read};

use super::document::Descriptor;
use crate::digest::Digest;

/// Why content could not be moved. The medium knows the details; this level only knows whether to try again.
///
/// It shows itself as that error, without adding a sentence of its own.
#[derive(Debug)]
pub struct Failure {
    /// Whether the same may well succeed later.
    pub transient: bool,
    /// The medium's own error.
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.source.fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}

impl Failure {
    /// A failure that will come again.
    pub fn lasting(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self {
            transient: false,
            source: Box::new(source),
        }
    }

    /// A failure that may pass.
    pub fn transient(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self {
            transient: true,
            source: Box::new(source),
        }
    }

    /// The failure that stopped a reader: what it carries, if that is one of ours or what a verifier found.
    pub fn of_read(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => failure,
            Err(error) => match error.downcast::<super::Error>() {
                Ok(error) => error.into(),
                Err(error) => Self::lasting(error),
            },
        }
    }

    /// The medium's own error.
    pub fn get_ref(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.source
    }
}

/// A document together with the descriptor that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Type, digest and size; computed from the bytes, never taken on trust.
    pub descriptor: Descriptor,
    /// The bytes as they were.
    pub content: Vec<u8>,
}

impl Document {
    /// A document of ours.
    pub fn of(media_type: &str, content: Vec<u8>) -> Self {
        Self {
            descriptor: Descriptor::of(media_type, &content),
            content,
        }
    }
}

/// Where content comes from.
pub trait BlobSource: Sync {
    /// The document that the reference names, an index or a manifest.
    fn root(&self) -> Result<Document, Failure>;
    /// The digest of that document, where it can be had for less than the document. On the source's word alone.
    fn digest(&self) -> Result<Option<Digest>, Failure> {
        Ok(None)
    }
    /// A manifest's bytes. Not verified, but never more than a document may have.
    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Failure>;
    /// A blob's bytes, one after the other. Not verified.
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>, Failure>;
    /// A blob's bytes from one of them on, for whoever has those before it already.
    fn blob_from(
        &self,
        descriptor: &Descriptor,
        from: u64,
    ) -> Result<Box<dyn Read + Send + '_>, Failure> {
        let mut blob = self.blob(descriptor)?;
        io::copy(&mut (&mut blob).take(from), &mut io::sink()).map_err(Failure::lasting)?;
        Ok(blob)
    }
    /// The document under another tag of the same place, if there is one. Places without tags have none.
    fn tagged(&self, _tag: &str) -> Result<Option<Document>, Failure> {
        Ok(None)
    }
    /// Everything that names `subject` as what it is about: signatures, SBOMs, provenance.
    fn referrers(&self, _subject: &Digest) -> Result<Vec<Descriptor>, Failure> {
        Ok(Vec::new())
    }
}

/// Opens some content from its start; called again for another try.
pub type Open<'a> = dyn Fn() -> io::Result<Box<dyn Read + Send + 'a>> + Sync + 'a;

/// Where content goes to.
pub trait BlobSink: Sync {
    /// Whether the blob is there already.
    fn has(&self, descriptor: &Descriptor) -> Result<bool, Failure>;
    /// Whether whatever a document names is sure to be there with it, so that nobody has to look.
    fn vouches(&self) -> bool {
        false
    }
    /// Writes a blob.
    fn blob(&self, descriptor: &Descriptor, open: &Open<'_>) -> Result<(), Failure>;
    /// Writes a manifest or an index under its digest. Everything that it names must be there.
    fn manifest(&self, descriptor: &Descriptor, content: &[u8]) -> Result<(), Failure>;
    /// Writes a document and makes it what the reference names. Last of all, so that readers see the old or the new, never a mixture.
    fn tag(&self, descriptor: &Descriptor, content: &[u8]) -> Result<(), Failure>;
    /// The same under another tag of the same place.
    fn tag_as(&self, tag: &str, descriptor: &Descriptor, content: &[u8]) -> Result<(), Failure>;
    /// Writes a manifest that refers to `subject`, and makes it found by that.
    fn attach(
        &self,
        subject: &Descriptor,
        descriptor: &Descriptor,
        content: &[u8],
    ) -> Result<(), Failure>;
}
