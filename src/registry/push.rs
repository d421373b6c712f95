//! What goes into a registry: blobs that it does not have yet, then documents, and their names last.

use std::io::{self, Read};

use bytes::Bytes;
use futures_util::stream;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use tokio::sync::mpsc;

use super::host::Call;
use super::referrers::SUBJECT;
use super::retry::{self, retry};
use super::session::{Opened, Sent, Session};
use super::{Error, Registry};
use crate::artifact::{BlobSink, Descriptor, Failure, Open};
use crate::reference::DEFAULT_TAG;

/// Pieces of a streamed blob on their way from the reading thread to the network, and how many may wait.
const PIECE: usize = 256 << 10;
const WAITING: usize = 8;

/// Why a blob was not sent.
enum Unsent {
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
        Ok(retry(|| self.exists(descriptor))?)
    }

    fn blob(&self, descriptor: &Descriptor, open: &Open<'_>) -> Result<(), Failure> {
        let mut failures = 0;
        loop {
            match self.send_blob(descriptor, open) {
                Ok(Sent::All) => {
                    if let Some(home) = self.home(&descriptor.digest) {
                        home.write(&self.place.name);
                    }
                    return Ok(());
                }
                Ok(_) => {
                    failures += 1;
                    if self.has(descriptor)? {
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
                    if self.has(descriptor)? {
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
            status if status.is_success() => Ok(true),
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

    /// Sends what fits into one piece at once, and everything else piece by piece from memory, so that a piece that
    /// broke need not be read again.
    fn fill(
        &self,
        session: &mut Session<'_>,
        descriptor: &Descriptor,
        reader: &mut dyn Read,
        open: &Open<'_>,
    ) -> Result<Sent, Unsent> {
        let mut start = session.there();
        // What an earlier run has sent is only read, to know that it was the right blob.
        io::copy(&mut (&mut *reader).take(start), &mut io::sink()).map_err(Unsent::Unreadable)?;
        loop {
            let left = descriptor.size.saturating_sub(start);
            let size = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(session.chunk);
            let piece = read_piece(reader, size).map_err(Unsent::Unreadable)?;
            if start == 0 && piece.len() as u64 == descriptor.size {
                // Verified readers say only at their end whether they were right.
                read_piece(reader, 1).map_err(Unsent::Unreadable)?;
                return Ok(session.close(&descriptor.digest, piece)?);
            }
            if piece.is_empty() {
                return Ok(retry(|| session.close(&descriptor.digest, Bytes::new()))?);
            }
            match session.piece(start, &piece)? {
                Sent::All => start += piece.len() as u64,
                Sent::Lost => return Ok(Sent::Lost),
                Sent::Whole => return self.stream(session, descriptor, open),
            }
        }
    }

    /// Sends a blob in one request, for registries that take no pieces.
    fn stream(
        &self,
        session: &Session<'_>,
        descriptor: &Descriptor,
        open: &Open<'_>,
    ) -> Result<Sent, Unsent> {
        let mut reader = open().map_err(Unsent::Unreadable)?;
        let (pieces, receiver) = mpsc::channel::<Bytes>(WAITING);
        let body = stream::unfold(receiver, |mut receiver| async {
            let piece = receiver.recv().await?;
            Some((Ok::<_, io::Error>(piece), receiver))
        });
        let call = session.closing_call(&descriptor.digest, descriptor.size);
        // Nothing can be sent a second time here, so a token has to be right the first time; opening the upload
        // has just got one.
        let token = self.origin.shown(&call.scope)?;
        let request = self
            .origin
            .request(&call, token)?
            .body(reqwest::Body::wrap_stream(body));
        let upload = self.runtime.spawn(async move { request.send().await });
        // Read here, on the caller's thread. An upload that ended early takes no more pieces, and says why below.
        loop {
            match read_piece(&mut *reader, PIECE) {
                Ok(piece) if piece.is_empty() => break,
                Ok(piece) => {
                    if pieces.blocking_send(piece).is_err() {
                        break;
                    }
                }
                Err(error) => {
                    upload.abort();
                    return Err(Unsent::Unreadable(error));
                }
            }
        }
        drop(pieces);
        let what = self.what(&descriptor.digest.to_string());
        match self.runtime.block_on(upload) {
            Ok(Ok(response)) => {
                let response = self.origin.judge(response, &what)?;
                Ok(session.closed(&response, &descriptor.digest)?)
            }
            Ok(Err(error)) => Err(self.origin.network(error).into()),
            Err(_) => Err(self.origin.protocol("the upload stopped").into()),
        }
    }
}

/// As many bytes as there are, up to `size`.
fn read_piece(reader: &mut dyn Read, size: usize) -> io::Result<Bytes> {
    let mut piece = Vec::with_capacity(size);
    reader.take(size as u64).read_to_end(&mut piece)?;
    Ok(piece.into())
}
