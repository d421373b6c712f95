//! A blob in one request, read on the caller's thread while the network takes what was read before.

use std::collections::VecDeque;
use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use reqwest::StatusCode;
use tokio::sync::mpsc;

use super::Registry;
use super::push::Unsent;
use super::session::{Sent, Session};
use crate::artifact::Descriptor;

/// As much as a processor's own memory holds while it is read, hashed and handed on.
const PIECE: usize = 128 << 10;
/// Pieces that may wait for the network.
const WAITING: usize = 8;

impl Registry {
    /// Sends a blob in one request, which ends the upload.
    pub(super) fn stream(
        &self,
        session: &Session<'_>,
        descriptor: &Descriptor,
        reader: &mut (dyn Read + Send),
    ) -> Result<Sent, Unsent> {
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
            .request(&call, token.clone())?
            .body(reqwest::Body::wrap_stream(body));
        let upload = self.runtime.spawn(async move { request.send().await });
        // An upload that ended early takes no more pieces, and says why below.
        let mut buffers = Buffers::default();
        loop {
            match buffers.fill(reader) {
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
            Ok(Ok(response)) if response.status() == StatusCode::UNAUTHORIZED => {
                // The token ran out between the two requests: with another one the upload begins anew.
                let headers = response.headers();
                match self
                    .origin
                    .challenged(headers, &call.scope, token.as_ref())?
                {
                    Some(_) => Ok(Sent::Lost),
                    None => Err(self.origin.refused(&response, &what).into()),
                }
            }
            Ok(Ok(response)) => {
                let response = self.origin.judge(response, &what)?;
                Ok(session.closed(&response, &descriptor.digest)?)
            }
            Ok(Err(error)) => Err(self.origin.network(error).into()),
            Err(_) => Err(self.origin.protocol("the upload stopped").into()),
        }
    }
}

/// Memory that is used again as soon as the network is done with it.
#[derive(Default)]
struct Buffers(VecDeque<Bytes>);

impl Buffers {
    /// As many bytes as there are, up to a piece; none at the end.
    fn fill(&mut self, reader: &mut dyn Read) -> io::Result<Bytes> {
        let mut buffer = self.free();
        let mut filled = 0;
        while filled < buffer.len() {
            match reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        buffer.truncate(filled);
        let piece = buffer.freeze();
        if filled == PIECE {
            self.0.push_back(piece.clone());
        }
        Ok(piece)
    }

    /// The oldest one, if nobody holds it any more; else a new one.
    fn free(&mut self) -> BytesMut {
        let oldest = self.0.pop_front().map(Bytes::try_into_mut);
        match oldest {
            Some(Ok(buffer)) => return buffer,
            Some(Err(held)) => self.0.push_front(held),
            None => {}
        }
        BytesMut::zeroed(PIECE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_when_nobody_holds_it() {
        let mut buffers = Buffers::default();
        let content = vec![7; 3 * PIECE + 5];
        let mut reader = &content[..];
        let first = buffers.fill(&mut reader).unwrap();
        let second = buffers.fill(&mut reader).unwrap();
        let place = first.as_ptr();
        assert_ne!(place, second.as_ptr());
        drop(first);
        assert_eq!(buffers.fill(&mut reader).unwrap().as_ptr(), place);
        assert_eq!(buffers.fill(&mut reader).unwrap().len(), 5);
        assert!(buffers.fill(&mut reader).unwrap().is_empty());
    }
}
