//! Blobs on their way in.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use krunner::digest::Digest;

use super::document::created;
use super::{Inside, Lie};

pub(super) fn upload(
    inside: &mut Inside,
    method: &Method,
    uri: &Uri,
    repository: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let query = uri.query().unwrap_or_default().replace("%3A", ":");
    let asked = |key: &str| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
            .map(str::to_owned)
    };
    let path = uri.path().to_owned();
    let state = |path: &str, length: usize| {
        [
            (header::LOCATION.as_str(), format!("{path}?state=x")),
            ("range", format!("0-{}", length.saturating_sub(1))),
        ]
    };
    match *method {
        Method::POST => {
            if let Some(digest) = asked("mount").filter(|digest| inside.blobs.contains_key(digest))
            {
                inside.homes.insert((repository.to_owned(), digest));
                return created(uri, &[]);
            }
            let path = format!("{path}{}", inside.seen.len());
            inside.uploads.insert(path.clone(), Vec::new());
            let mut state = state(&path, 0);
            for lie in &inside.lies {
                if let Lie::UploadElsewhere(other) = lie {
                    state[0].1 = format!("http://{other}{path}?state=x");
                }
                if let Lie::Least(least) = lie {
                    let least = [("oci-chunk-min-length", least.to_string())];
                    return (StatusCode::ACCEPTED, least, state).into_response();
                }
            }
            (StatusCode::ACCEPTED, state).into_response()
        }
        Method::PATCH if inside.lies.contains(&Lie::NoPieces) => {
            StatusCode::METHOD_NOT_ALLOWED.into_response()
        }
        Method::PATCH => {
            let from = headers[header::CONTENT_RANGE].to_str().unwrap();
            let from: u64 = from.split('-').next().unwrap().parse().unwrap();
            let later = |lie: &Lie| matches!(lie, Lie::Later(at) if from >= *at);
            if inside.lies.iter().any(later) {
                let headers = [(header::RETRY_AFTER, "50")];
                return (StatusCode::TOO_MANY_REQUESTS, headers).into_response();
            }
            if let Some(at) = inside.lies.iter().position(|lie| *lie == Lie::OutOfStep) {
                inside.lies.remove(at);
                return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            }
            inside.received += body.len() as u64;
            let half = inside.lies.iter().position(|lie| *lie == Lie::HalfPiece);
            let Some(there) = inside.uploads.get_mut(&path) else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let range = headers[header::CONTENT_RANGE].to_str().unwrap();
            if !range.starts_with(&format!("{}-", there.len())) {
                return (StatusCode::RANGE_NOT_SATISFIABLE, state(&path, there.len()))
                    .into_response();
            }
            if let Some(half) = half {
                there.extend_from_slice(&body[..body.len() / 2]);
                inside.lies.remove(half);
                return StatusCode::BAD_GATEWAY.into_response();
            }
            there.extend_from_slice(body);
            (StatusCode::ACCEPTED, state(&path, there.len())).into_response()
        }
        Method::PUT => {
            inside.received += body.len() as u64;
            let mut there = inside.uploads.remove(&path).unwrap_or_default();
            there.extend_from_slice(body);
            let digest = Digest::of(&there).to_string();
            if asked("digest").as_deref() != Some(&digest) {
                return StatusCode::BAD_REQUEST.into_response();
            }
            inside.homes.insert((repository.to_owned(), digest.clone()));
            inside.blobs.insert(digest, there);
            created(uri, &[])
        }
        Method::DELETE if inside.lies.contains(&Lie::KeepsAll) => {
            StatusCode::METHOD_NOT_ALLOWED.into_response()
        }
        Method::DELETE => {
            inside.uploads.remove(&path);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => match inside.uploads.get(&path) {
            Some(there) => (StatusCode::NO_CONTENT, state(&path, there.len())).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}
