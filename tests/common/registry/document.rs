//! Manifests, the names that they have, and what refers to them.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use krunner::digest::Digest;

use super::blob::endless;
use super::{Inside, Lie};

pub(super) fn put_manifest(
    inside: &mut Inside,
    uri: &Uri,
    key: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let kind = headers[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    let digest = Digest::of(body).to_string();
    let by_digest = match key.rsplit_once('/') {
        Some((repository, _)) => format!("{repository}/{digest}"),
        None => digest.clone(),
    };
    let document: serde_json::Value = serde_json::from_slice(body).unwrap();
    for key in [by_digest, key.to_owned()] {
        inside.manifests.insert(key, (kind.clone(), body.to_vec()));
    }
    let mut more = Vec::new();
    if let Some(subject) = document["subject"]["digest"].as_str()
        && inside.lists_referrers
    {
        more.push(("oci-subject", subject.to_owned()));
    }
    if inside.lies.contains(&Lie::WrongReceipt) {
        let other = Digest::of(b"something else").to_string();
        more.push(("docker-content-digest", other));
    }
    created(uri, &more)
}

/// The answer to what was put.
pub(super) fn created(uri: &Uri, more: &[(&'static str, String)]) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let location = uri.path().parse().unwrap();
    response.headers_mut().insert(header::LOCATION, location);
    for (name, value) in more {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

pub(super) fn tags(inside: &Inside, repository: &str) -> Response {
    if inside.manifests.is_empty() {
        let refusal = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"","detail":{}}]}"#;
        return (StatusCode::NOT_FOUND, refusal).into_response();
    }
    let list = serde_json::json!({ "name": repository, "tags": [] });
    list.to_string().into_response()
}

pub(super) fn referrers(inside: &Inside, subject: &str, uri: &Uri) -> Response {
    let mut manifests = Vec::new();
    for (name, (kind, content)) in &inside.manifests {
        let document: serde_json::Value = serde_json::from_slice(content).unwrap();
        if document["subject"]["digest"] == subject && name.starts_with("sha256:") {
            manifests.push(serde_json::json!({
                "mediaType": kind,
                "digest": name,
                "size": content.len(),
                "artifactType": document["artifactType"],
            }));
        }
    }
    let mut headers = HeaderMap::new();
    let kind = "application/vnd.oci.image.index.v1+json";
    headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
    if inside.lies.contains(&Lie::Pages) {
        let page = uri.query().and_then(|query| query.strip_prefix("page="));
        let page: usize = page.map_or(0, |page| page.parse().unwrap());
        if page + 1 < manifests.len() {
            let next = format!("<{}?page={}>; rel=\"next\"", uri.path(), page + 1);
            headers.insert(header::LINK, next.parse().unwrap());
        }
        manifests = manifests.into_iter().skip(page).take(1).collect();
    }
    for lie in &inside.lies {
        if let Lie::Page(link) = lie {
            let page = uri.query().is_some();
            if page && link.contains("gone") {
                return StatusCode::NOT_FOUND.into_response();
            }
            headers.insert(header::LINK, link.parse().unwrap());
            manifests.truncate(usize::from(!page));
        }
    }
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": manifests });
    (headers, index.to_string()).into_response()
}

pub(super) fn manifest(inside: &Inside, name: &str) -> Response {
    let Some((kind, content)) = inside.manifests.get(name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (mut kind, mut content) = (kind.clone(), content.clone());
    let digest = Digest::of(&content);
    let mut claimed = digest.to_string();
    for lie in &inside.lies {
        match lie {
            Lie::ContentType(other) => (*other).clone_into(&mut kind),
            Lie::DigestHeader => claimed = Digest::of(b"something else").to_string(),
            Lie::Flipped(wanted) if *wanted == digest => *content.last_mut().unwrap() = b' ',
            Lie::Truncated(wanted) if *wanted == digest => {
                content.pop();
            }
            Lie::Endless(wanted) if *wanted == digest => return endless(),
            _ => {}
        }
    }
    (
        [
            (header::CONTENT_TYPE.as_str(), kind),
            ("docker-content-digest", claimed),
        ],
        content,
    )
        .into_response()
}
