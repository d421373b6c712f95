//! Blobs on their way out.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;

use super::{Inside, Lie};

pub(super) fn blob(inside: &mut Inside, digest: &str, from: Option<usize>, uri: &Uri) -> Response {
    let Some(mut content) = inside.blobs.get(digest).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if let Some(faults) = &mut inside.faults {
        return faults.answer(digest, from.unwrap_or(0), content);
    }
    for lie in inside.lies.clone() {
        match &lie {
            Lie::Redirect(other) => {
                let target = format!("http://{other}{}", uri.path());
                return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target)])
                    .into_response();
            }
            Lie::Loop => {
                let target = format!("http://{}{}", inside.address, uri.path());
                return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target)])
                    .into_response();
            }
            Lie::Flipped(wanted) if wanted.to_string() == digest => {
                let middle = content.len() / 2;
                content[middle] ^= 1;
            }
            Lie::Truncated(wanted) if wanted.to_string() == digest => {
                content.pop();
            }
            Lie::Endless(wanted) if wanted.to_string() == digest => return endless(),
            Lie::Broken(wanted) if wanted.to_string() == digest => {
                inside.lies.retain(|other| *other != lie);
                let half = Bytes::copy_from_slice(&content[..content.len() / 2]);
                let pieces = vec![Ok(half), Err(std::io::Error::other("the line broke"))];
                return Body::from_stream(stream::iter(pieces)).into_response();
            }
            _ => {}
        }
    }
    if let Some(from) = from {
        let total = content.len();
        let header = format!("bytes {from}-{}/{total}", total - 1);
        let rest = content.split_off(from);
        return (
            StatusCode::PARTIAL_CONTENT,
            [(header::CONTENT_RANGE, header)],
            rest,
        )
            .into_response();
    }
    content.into_response()
}

pub(super) fn endless() -> Response {
    let piece = Bytes::from(vec![b' '; 65536]);
    Body::from_stream(stream::repeat(Ok::<_, Infallible>(piece))).into_response()
}
