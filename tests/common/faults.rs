//! A bad day of a registry: of the blobs that are asked for, some are refused, broken off, cut, stretched, changed or late.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};

use super::dice::Dice;

/// What is sent at a time, and the pause before it: so slow that whoever reads can be stopped in between.
const PIECE: usize = 32 << 10;
const PAUSE: Duration = Duration::from_millis(1);
/// A line that seems dead.
const STALL: Duration = Duration::from_millis(150);

/// Which fault comes next.
#[derive(Debug)]
pub(crate) struct Faults {
    dice: Dice,
    /// Blobs of which wrong bytes were sent.
    pub(crate) wrong: BTreeSet<String>,
}

impl Faults {
    pub(crate) fn new(seed: u32) -> Self {
        Self {
            dice: Dice::new(seed),
            wrong: BTreeSet::new(),
        }
    }

    /// Answers with a blob from one of its bytes on.
    pub(crate) fn answer(&mut self, digest: &str, from: usize, mut content: Vec<u8>) -> Response {
        let total = content.len();
        content.drain(..from.min(total));
        let left = u32::try_from(content.len()).unwrap();
        let at = self.dice.roll(left.max(1)) as usize;
        let mut broken = false;
        let mut stall = false;
        match self.dice.roll(14) {
            0 => {
                let again = [(header::RETRY_AFTER, "0")];
                return (StatusCode::TOO_MANY_REQUESTS, again).into_response();
            }
            1 => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
            2 | 3 => {
                content.truncate(at);
                broken = true;
            }
            4 => content.truncate(at),
            5 => {
                if let Some(byte) = content.get_mut(at) {
                    *byte ^= 1;
                }
                self.wrong.insert(digest.to_owned());
            }
            6 => stall = true,
            7 => {
                content.extend_from_slice(b"and more");
                self.wrong.insert(digest.to_owned());
            }
            _ => {}
        }
        let pieces: Vec<_> = content.chunks(PIECE).map(Bytes::copy_from_slice).collect();
        let middle = pieces.len() / 2;
        let end = broken.then(|| Err(io::Error::other("the line broke")));
        let pieces = stream::iter(pieces)
            .enumerate()
            .then(move |(number, piece)| async move {
                let late = stall && number == middle;
                tokio::time::sleep(if late { STALL } else { PAUSE }).await;
                Ok(piece)
            });
        let body = Body::from_stream(pieces.chain(stream::iter(end)));
        if from == 0 {
            return body.into_response();
        }
        let range = format!("bytes {from}-{}/{total}", total - 1);
        (
            StatusCode::PARTIAL_CONTENT,
            [(header::CONTENT_RANGE, range)],
            body,
        )
            .into_response()
    }
}
