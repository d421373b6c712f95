//! Pinning: what was verified is what is used, wherever a tag leads meanwhile.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use crate::artifact::{BlobSource, Descriptor, Document, Failure};
use crate::digest::Digest;

/// A source that stays with what it named when it was first read.
pub struct Pinned<'a> {
    source: &'a dyn BlobSource,
    root: Mutex<Option<Document>>,
}

impl std::fmt::Debug for Pinned<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pinned({:?})", self.pin())
    }
}

impl<'a> Pinned<'a> {
    /// Asks the source for nothing yet.
    pub fn new(source: &'a dyn BlobSource) -> Self {
        Self {
            source,
            root: Mutex::new(None),
        }
    }

    /// What it stays with, once something was read.
    fn pin(&self) -> Option<Digest> {
        let root = self.root.lock().unwrap_or_else(PoisonError::into_inner);
        root.as_ref().map(|root| root.descriptor.digest)
    }
}

impl BlobSource for Pinned<'_> {
    fn root(&self) -> Result<Document, Failure> {
        let mut root = self.root.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(root) = &*root {
            return Ok(root.clone());
        }
        let read = self.source.root()?;
        Ok(root.insert(read).clone())
    }

    fn digest(&self) -> Result<Option<Digest>, Failure> {
        match self.pin() {
            Some(digest) => Ok(Some(digest)),
            None => self.source.digest(),
        }
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Failure> {
        self.source.manifest(descriptor)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>, Failure> {
        self.source.blob(descriptor)
    }

    fn blob_from(
        &self,
        descriptor: &Descriptor,
        from: u64,
    ) -> Result<Box<dyn Read + Send + '_>, Failure> {
        self.source.blob_from(descriptor, from)
    }

    fn tagged(&self, tag: &str) -> Result<Option<Document>, Failure> {
        self.source.tagged(tag)
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, Failure> {
        self.source.referrers(subject)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::artifact::media;

    /// Names something else each time it is asked.
    struct Moving(AtomicUsize);

    impl BlobSource for Moving {
        fn root(&self) -> Result<Document, Failure> {
            let content = self.0.fetch_add(1, Ordering::Relaxed).to_string();
            Ok(Document::of(media::INDEX, content.into_bytes()))
        }

        fn digest(&self) -> Result<Option<Digest>, Failure> {
            let next = self.0.fetch_add(1, Ordering::Relaxed).to_string();
            Ok(Some(Digest::of(next.as_bytes())))
        }

        fn manifest(&self, _: &Descriptor) -> Result<Vec<u8>, Failure> {
            Ok(Vec::new())
        }

        fn blob(&self, _: &Descriptor) -> Result<Box<dyn Read + Send + '_>, Failure> {
            Ok(Box::new(std::io::empty()))
        }
    }

    #[test]
    fn what_was_read_once_stays() {
        let moving = Moving(AtomicUsize::new(0));
        let pinned = Pinned::new(&moving);
        assert_eq!(pinned.digest().unwrap(), Some(Digest::of(b"0")));
        let root = pinned.root().unwrap();
        assert_eq!(root.content, b"1");
        assert_eq!(pinned.root().unwrap().content, b"1");
        assert_eq!(pinned.digest().unwrap(), Some(Digest::of(b"1")));
    }
}
