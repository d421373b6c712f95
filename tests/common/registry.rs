//! A registry that speaks real HTTP, and lies when told to.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use krunner::digest::Digest;
use krunner::registry::{Credentials, Registry};

/// How the registry lies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lie {
    /// One bit of the content with this digest is another one.
    Flipped(Digest),
    /// The last byte of it is missing.
    Truncated(Digest),
    /// The line breaks in the middle of it, once.
    Broken(Digest),
    /// It never ends.
    Endless(Digest),
    /// Documents are sent as something else.
    ContentType(&'static str),
    /// Documents are said to have another digest.
    DigestHeader,
    /// Blobs are on another host.
    Redirect(String),
    /// A token is wanted, and given to this user and password.
    Token(&'static str, &'static str),
    /// So many requests fail first.
    Fails(u32, u16),
}

/// What is there, and what was seen.
#[derive(Default)]
pub(crate) struct Inside {
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    pub(crate) manifests: BTreeMap<String, (String, Vec<u8>)>,
    pub(crate) lies: Vec<Lie>,
    /// Method and path of every request, and what it showed.
    pub(crate) seen: Vec<(String, Option<String>)>,
    address: String,
}

/// A running registry; it stops when it is dropped.
pub(crate) struct Double {
    pub(crate) inside: Arc<Mutex<Inside>>,
    pub(crate) address: String,
    _runtime: tokio::runtime::Runtime,
}

impl Double {
    /// Starts an empty registry.
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let inside = Arc::new(Mutex::new(Inside {
            address: address.clone(),
            ..Inside::default()
        }));
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inside));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            inside,
            address,
            _runtime: runtime,
        }
    }

    /// Puts everything from a layout in, under the tag `15`.
    pub(crate) fn load(&self, dir: &Path) {
        let mut inside = self.inside.lock().unwrap();
        for entry in fs::read_dir(dir.join("blobs/sha256")).unwrap() {
            let path = entry.unwrap().path();
            let content = fs::read(&path).unwrap();
            let digest = format!("sha256:{}", path.file_name().unwrap().to_str().unwrap());
            if let Ok(document) = serde_json::from_slice::<serde_json::Value>(&content) {
                let kind = document["mediaType"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                inside
                    .manifests
                    .insert(digest.clone(), (kind, content.clone()));
            }
            inside.blobs.insert(digest, content);
        }
        let index: serde_json::Value =
            serde_json::from_slice(&fs::read(dir.join("index.json")).unwrap()).unwrap();
        let root = inside.manifests[index["manifests"][0]["digest"].as_str().unwrap()].clone();
        inside.manifests.insert("15".to_owned(), root);
    }

    /// Makes it lie, and forget what it saw.
    pub(crate) fn lie(&self, lies: &[Lie]) {
        let mut inside = self.inside.lock().unwrap();
        inside.lies = lies.to_vec();
        inside.seen.clear();
    }

    /// The reference of what was loaded.
    pub(crate) fn reference(&self) -> String {
        format!("{}/krunner:15", self.address)
    }

    /// A client without credentials.
    pub(crate) fn client(&self) -> Registry {
        self.client_with(Credentials::anonymous())
    }

    /// A client with credentials.
    pub(crate) fn client_with(&self, credentials: Credentials) -> Registry {
        Registry::new(self.reference().parse().unwrap(), credentials).unwrap()
    }
}

async fn answer(
    State(inside): State<Arc<Mutex<Inside>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut inside = inside.lock().unwrap();
    let shown = headers
        .get(header::AUTHORIZATION)
        .map(|value| value.to_str().unwrap().to_owned());
    inside
        .seen
        .push((format!("{method} {}", uri.path()), shown.clone()));
    for index in 0..inside.lies.len() {
        if let Lie::Fails(left, status) = inside.lies[index]
            && left > 0
        {
            inside.lies[index] = Lie::Fails(left - 1, status);
            return StatusCode::from_u16(status).unwrap().into_response();
        }
        if let Lie::Token(user, password) = inside.lies[index] {
            use base64::Engine as _;
            let pair =
                base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            if uri.path() == "/token" {
                return if shown == Some(format!("Basic {pair}")) {
                    r#"{"token":"sesame"}"#.into_response()
                } else {
                    (StatusCode::UNAUTHORIZED, "wrong password s3cret-echo").into_response()
                };
            }
            if shown.as_deref() != Some("Bearer sesame") {
                let challenge = format!(
                    r#"Bearer realm="http://{}/token",service="test""#,
                    inside.address
                );
                return (
                    StatusCode::UNAUTHORIZED,
                    [(header::WWW_AUTHENTICATE, challenge)],
                )
                    .into_response();
            }
        }
    }
    if uri.path() == "/v2/" {
        return StatusCode::OK.into_response();
    }
    let rest = uri
        .path()
        .strip_prefix("/v2/krunner/")
        .unwrap_or_default()
        .to_owned();
    match (&method, rest.split_once('/')) {
        (&Method::PUT, Some(("manifests", name))) => {
            let kind = headers[header::CONTENT_TYPE].to_str().unwrap().to_owned();
            inside
                .manifests
                .insert(Digest::of(&body).to_string(), (kind.clone(), body.to_vec()));
            inside
                .manifests
                .insert(name.to_owned(), (kind, body.to_vec()));
            (
                StatusCode::CREATED,
                [(header::LOCATION, uri.path().to_owned())],
            )
                .into_response()
        }
        (&Method::POST, Some(("blobs", "uploads/"))) => (
            StatusCode::ACCEPTED,
            [(header::LOCATION, "/v2/krunner/blobs/uploads/1?state=x")],
        )
            .into_response(),
        (&Method::PUT, Some(("blobs", _))) => {
            let digest = Digest::of(&body).to_string();
            if !uri
                .query()
                .unwrap_or_default()
                .replace("%3A", ":")
                .contains(&digest)
            {
                return StatusCode::BAD_REQUEST.into_response();
            }
            inside.blobs.insert(digest, body.to_vec());
            (
                StatusCode::CREATED,
                [(header::LOCATION, uri.path().to_owned())],
            )
                .into_response()
        }
        (_, Some(("manifests", name))) => manifest(&inside, name),
        (_, Some(("blobs", digest))) => {
            let from = headers
                .get(header::RANGE)
                .map(|range| range.to_str().unwrap().to_owned());
            blob(&mut inside, digest, from.as_deref(), &uri)
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn manifest(inside: &Inside, name: &str) -> Response {
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

fn blob(inside: &mut Inside, digest: &str, range: Option<&str>, uri: &Uri) -> Response {
    let Some(mut content) = inside.blobs.get(digest).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    for lie in inside.lies.clone() {
        match &lie {
            Lie::Redirect(other) => {
                let target = format!("http://{other}{}", uri.path());
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
    if let Some(from) = range.and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse::<usize>()
            .ok()
    }) {
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

fn endless() -> Response {
    let piece = Bytes::from(vec![b' '; 65536]);
    Body::from_stream(stream::repeat(Ok::<_, Infallible>(piece))).into_response()
}
