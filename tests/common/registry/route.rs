//! Who answers a request.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use super::blob::blob;
use super::document::{manifest, put_manifest, referrers, tags};
use super::gate::gate;
use super::upload::upload;
use super::{Inside, Lie};

pub(super) async fn answer(
    State(inside): State<Arc<Mutex<Inside>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut inside = inside.lock().unwrap();
    let mut response = reply(&mut inside, &method, &uri, &headers, &body);
    for lie in &inside.lies {
        if let Lie::Warns(text) = lie {
            let warning = format!("299 - \"{text}\"").parse().unwrap();
            response.headers_mut().insert(header::WARNING, warning);
        }
    }
    response
}

fn reply(
    inside: &mut Inside,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let shown = headers
        .get(header::AUTHORIZATION)
        .map(|value| value.to_str().unwrap().to_owned());
    let asked = uri.path_and_query().map_or("", |asked| asked.as_str());
    let request = format!("{method} {asked}");
    inside.seen.push((request, shown.clone()));
    if let Some(refusal) = gate(inside, method, uri, shown.as_deref(), body) {
        return refusal;
    }
    if uri.path() == "/v2/" {
        return StatusCode::OK.into_response();
    }
    let Some((repository, rest)) = split(uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = rest.split('/').next().unwrap_or_default();
    let name = rest.rsplit('/').next().unwrap_or_default().to_owned();
    let key = if repository == "krunner" {
        name.clone()
    } else {
        format!("{repository}/{name}")
    };
    match (method, kind) {
        (_, "tags") if inside.lists_tags => tags(inside, repository),
        (&Method::PUT, "manifests") => put_manifest(inside, uri, &key, headers, body),
        (_, "manifests") => manifest(inside, &key),
        (_, "referrers") if inside.lists_referrers => referrers(inside, &name, uri),
        (_, "blobs") if rest.starts_with("blobs/uploads/") => {
            upload(inside, method, uri, repository, headers, body)
        }
        (_, "blobs") => {
            let home = (repository.to_owned(), name.clone());
            if repository != "krunner" && !inside.homes.contains(&home) {
                return StatusCode::NOT_FOUND.into_response();
            }
            let from = headers
                .get(header::RANGE)
                .map(|range| range.to_str().unwrap().to_owned());
            let from = from.and_then(|range| {
                let (from, _) = range.strip_prefix("bytes=")?.split_once('-')?;
                from.parse::<usize>().ok()
            });
            if from.is_some() && inside.lies.contains(&Lie::NoRanges) {
                return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            }
            inside.blobs_asked.push((name.clone(), from.unwrap_or(0)));
            blob(inside, &name, from, uri)
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `/v2/REPOSITORY/REST`, where the rest begins with what it is about.
fn split(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix("/v2/")?;
    let at = ["/manifests/", "/blobs/", "/referrers/", "/tags/"]
        .iter()
        .find_map(|kind| path.find(kind))?;
    Some((&path[..at], &path[at + 1..]))
}
