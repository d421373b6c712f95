//! What goes into a registry: blobs that it does not have yet, then documents, and their names last.

use std::io::{self, Read};

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};

use super::body::text;
use super::host::Call;
use super::referrers::SUBJECT;
use super::retry::{self, retry};
use super::session::{Opened, Sent, Session};
use super::{Error, Registry};
use crate::artifact::{BlobSink, Descriptor, Failure, Open};
use crate::reference::DEFAULT_TAG;

/// What goes in one request, although all of it may have to be sent twice: every piece costs a registry a round and, where
/// it keeps its word about what it has, two writes that wait for its disk.
const WHOLE: u64 = 16 << 20;
/// What is not worth a thread between reading and sending.
const SMALL: u64 = 64 << 10;

/// Why a blob was not sent.
pub(super) enum Unsent {
    /// It cannot be read here, which another try will not change, and which is no fault of the network's.
    Unreadable(io::Error),
    /// It did not arrive.
    Error(Error),
}

impl From<Error> for Unsent {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl BlobSink for Registry {
    fn has(&self, descriptor: &Descriptor) -> Result<bool, Failure> {
        if self.is_sent(&descriptor.digest) {
            return Ok(true);
        }
        // What was sent there is there, even if nothing yet names it.
        if self.is_vacant() && !self.noted_here(&descriptor.digest) {
            return Ok(false);
        }
        Ok(retry(|| self.exists(descriptor))?)
    }

    fn vouches(&self) -> bool {
        true
    }

    fn blob(&self, descriptor: &Descriptor, open: &Open<'_>) -> Result<(), Failure> {
        let mut failures = 0;
        loop {
            match self.send_blob(descriptor, open) {
                Ok(Sent::All) => {
                    // What broke before may have become the blob while this was on its way, as in Pulp.
                    if failures > 0 {
                        retry(|| self.exists(descriptor))?;
                    }
                    self.remember(&descriptor.digest);
                    return Ok(());
                }
                Ok(_) => {
                    failures += 1;
                    if retry(|| self.exists(descriptor))? {
                        return Ok(());
                    }
                    if failures >= retry::TRIES {
                        return Err(self.origin.protocol("it forgets uploads").into());
                    }
                }
                Err(Unsent::Unreadable(error)) => return Err(Failure::of_read(error)),
                Err(Unsent::Error(error)) => {
                    failures += 1;
                    retry::wait(error, failures)?;
                    // The last answer may have been lost although everything had arrived.
                    if retry(|| self.exists(descriptor))? {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn manifest(&self, descriptor: &Descriptor, content: &[u8]) -> Result<(), Failure> {
        self.put_document(&descriptor.digest.to_string(), descriptor, content)?;
        Ok(())
    }

    fn tag(&self, descriptor: &Descriptor, content: &[u8]) -> Result<(), Failure> {
        let tag = self.place.tag.as_deref().unwrap_or(DEFAULT_TAG);
        self.tag_as(tag, descriptor, content)
    }

    fn tag_as(&self, tag: &str, descriptor: &Descriptor, content: &[u8]) -> Result<(), Failure> {
        self.put_document(tag, descriptor, content)?;
        Ok(())
    }

    fn attach(
        &self,
        subject: &Descriptor,
        descriptor: &Descriptor,
        content: &[u8],
    ) -> Result<(), Failure> {
        let listed = self.put_document(&descriptor.digest.to_string(), descriptor, content)?;
        if !listed {
            self.list_by_tag(subject, descriptor.clone())?;
        }
        Ok(())
    }
}

impl Registry {
    /// Whether the registry has a blob, by its own word. One of another length is an error: a registry that took part of an upload
    /// for the whole of it, as Pulp does when the line breaks, keeps that whatever is sent later.
    fn exists(&self, descriptor: &Descriptor) -> Result<bool, Error> {
        let digest = descriptor.digest.to_string();
        let url = self
            .origin
            .url(&self.place.name, &format!("blobs/{digest}"));
        let what = self.what(&digest);
        // Asked with the rights that what follows needs, so that one token does.
        let call = Call::new(Method::HEAD, url, &self.push_scope());
        let response = self.origin.call(&call, &what)?;
        match response.status() {
            status if status.is_success() => match length(response.headers()) {
                Some(length) if length != descriptor.size => {
                    let size = descriptor.size;
                    let message = format!("it has {length} bytes of {size} as `{digest}`");
                    Err(self.origin.protocol(&message))
                }
                _ => Ok(true),
            },
            reqwest::StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.origin.refused(&response, &what)),
        }
    }

    /// Sends a document. Says whether the registry has seen what it refers to.
    pub(super) fn put_document(
        &self,
        name: &str,
        descriptor: &Descriptor,
        content: &[u8],
    ) -> Result<bool, Error> {
        let url = self
            .origin
            .url(&self.place.name, &format!("manifests/{name}"));
        let what = self.what(name);
        let content = Bytes::copy_from_slice(content);
        retry(|| {
            let call = Call::new(Method::PUT, url.clone(), &self.push_scope())
                .header(CONTENT_TYPE, &descriptor.media_type)
                .body(content.clone());
            let response = self.origin.call(&call, &what)?;
            if !response.status().is_success() {
                return Err(self.origin.refused(&response, &what));
            }
            self.origin
                .check_claim(response.headers(), descriptor.digest)?;
            Ok(response.headers().contains_key(SUBJECT))
        })
    }

    fn send_blob(&self, descriptor: &Descriptor, open: &Open<'_>) -> Result<Sent, Unsent> {
        let Opened::Waiting(mut session) = self.open_upload(&descriptor.digest)? else {
            return Ok(Sent::All);
        };
        let mut reader = open().map_err(Unsent::Unreadable)?;
        let result = self.fill(&mut session, descriptor, &mut reader, open);
        match &result {
            Err(Unsent::Unreadable(_)) => session.cancel(),
            Err(Unsent::Error(error)) if error.is_transient() => {}
            _ => session.forget(),
        }
        result
    }

    /// Sends what is one piece in one request, and everything else piece by piece from memory, so that a piece that
    /// broke need not be read again.
    fn fill(
        &self,
        session: &mut Session<'_>,
        descriptor: &Descriptor,
        reader: &mut (dyn Read + Send),
        open: &Open<'_>,
    ) -> Result<Sent, Unsent> {
        if session.there() == 0 && descriptor.size <= SMALL {
            let content = read_piece(reader, SMALL).map_err(Unsent::Unreadable)?;
            // As below.
            read_piece(reader, 1).map_err(Unsent::Unreadable)?;
            return Ok(session.close(&descriptor.digest, content)?);
        }
        if session.there() == 0 && descriptor.size <= WHOLE {
            return self.stream(session, descriptor, reader);
        }
        let sent = self
            .in_pieces
            .pass(|| pieces(session, descriptor, reader))?;
        match sent {
            Sent::Whole => {
                let mut reader = open().map_err(Unsent::Unreadable)?;
                self.stream(session, descriptor, &mut reader)
            }
            sent => Ok(sent),
        }
    }
}

/// The length that a registry says, if it does. Some say nought when they send nothing.
fn length(headers: &HeaderMap) -> Option<u64> {
    let length = text(headers, CONTENT_LENGTH.as_str())?.parse().ok()?;
    (length > 0).then_some(length)
}

/// Sends what is left of a blob piece by piece, and ends the upload.
fn pieces(
    session: &mut Session<'_>,
    descriptor: &Descriptor,
    reader: &mut (dyn Read + Send),
) -> Result<Sent, Unsent> {
    let mut start = session.there();
    // What an earlier run has sent is only read, to know that it was the right blob.
    io::copy(&mut (&mut *reader).take(start), &mut io::sink()).map_err(Unsent::Unreadable)?;
    loop {
        let left = descriptor.size.saturating_sub(start);
        let piece = read_piece(reader, left.min(session.chunk)).map_err(Unsent::Unreadable)?;
        if piece.is_empty() {
            // Verified readers say only at their end whether they were right.
            read_piece(reader, 1).map_err(Unsent::Unreadable)?;
            return Ok(retry(|| session.close(&descriptor.digest, Bytes::new()))?);
        }
        match session.piece(start, &piece)? {
            Sent::All => start += piece.len() as u64,
            sent => return Ok(sent),
        }
    }
}

/// As many bytes as there are, up to `size`.
fn read_piece(reader: &mut dyn Read, size: u64) -> io::Result<Bytes> {
    let mut piece = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    reader.take(size).read_to_end(&mut piece)?;
    Ok(piece.into())
}
