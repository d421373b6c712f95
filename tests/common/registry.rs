//! A registry that speaks real HTTP, and lies when told to.

use std::collections::{BTreeMap, BTreeSet};
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

use super::faults::Faults;
use super::tls::Guarded;

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
    /// The first request is to come again in so many seconds.
    After(u64),
    /// An identity token is wanted instead of a password.
    Identity(&'static str),
    /// A token holds for so many requests.
    TokenHolds(u32),
    /// Of the first piece of an upload only half arrives.
    HalfPiece,
    /// Uploads are taken in one piece only.
    NoPieces,
    /// Pieces have at least so many bytes.
    Least(u64),
    /// Pieces from this byte on are to come again in a while.
    Later(u64),
    /// Uploads go to another host.
    UploadElsewhere(String),
    /// Blobs are always somewhere else.
    Loop,
    /// What is put is said to be something else.
    WrongReceipt,
    /// Lists come in pages of one.
    Pages,
    /// Lists begin with a page, and what is said of the next one.
    Page(String),
    /// Every answer warns.
    Warns(String),
    /// No range is understood.
    NoRanges,
    /// Nothing can be deleted.
    KeepsAll,
    /// A piece that comes where none is expected is refused once, and the upload is to be asked for.
    OutOfStep,
}

/// What is there, and what was seen.
#[derive(Default)]
pub(crate) struct Inside {
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    pub(crate) manifests: BTreeMap<String, (String, Vec<u8>)>,
    pub(crate) lies: Vec<Lie>,
    /// Method and path of every request, and what it showed.
    pub(crate) seen: Vec<(String, Option<String>)>,
    /// Whether it lists what refers to something.
    pub(crate) lists_referrers: bool,
    /// Whether it lists tags, and so says that there is no repository.
    pub(crate) lists_tags: bool,
    /// Blobs that were asked for by digest, and from which of their bytes on.
    pub(crate) blobs_asked: Vec<(String, usize)>,
    /// Faults that happen by chance, if any shall.
    pub(crate) faults: Option<Faults>,
    /// Bytes of blobs that were sent to it.
    pub(crate) received: u64,
    uploads: BTreeMap<String, Vec<u8>>,
    /// Blobs by repository, but for the one that sees all of them.
    homes: BTreeSet<(String, String)>,
    tokens: u32,
    shown: u32,
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
        Self::start_at(async || tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// Starts an empty registry that whoever connects has to show a certificate.
    pub(crate) fn start_guarded() -> Self {
        Self::start_at(Guarded::bind)
    }

    fn start_at<L>(bind: impl AsyncFnOnce() -> L) -> Self
    where
        L: axum::serve::Listener<Addr = std::net::SocketAddr>,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(bind());
        let address = listener.local_addr().unwrap().to_string();
        let inside = Arc::new(Mutex::new(Inside {
            address: address.clone(),
            ..Inside::default()
        }));
        let router = Router::new()
            .fallback(answer)
            .layer(axum::extract::DefaultBodyLimit::disable())
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

    /// Lets the tag `15` name something that is there.
    pub(crate) fn point_at(&self, digest: &Digest) {
        let mut inside = self.inside.lock().unwrap();
        let document = inside.manifests[&digest.to_string()].clone();
        inside.manifests.insert("15".to_owned(), document);
    }

    /// The reference of what was loaded.
    pub(crate) fn reference(&self) -> String {
        format!("{}/krunner:15", self.address)
    }

    /// Whether something was asked, and how often.
    pub(crate) fn count(&self, request: &str) -> usize {
        let inside = self.inside.lock().unwrap();
        let seen = inside.seen.iter();
        seen.filter(|(seen, _)| seen.starts_with(request)).count()
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

/// What is refused before anything is looked at.
fn gate(
    inside: &mut Inside,
    method: &Method,
    uri: &Uri,
    shown: Option<&str>,
    body: &Bytes,
) -> Option<Response> {
    let status = |code: u16| StatusCode::from_u16(code).unwrap();
    let challenge = format!(
        r#"Bearer realm="http://{}/token",service="test""#,
        inside.address
    );
    let challenge = || {
        let headers = [(header::WWW_AUTHENTICATE, challenge.clone())];
        Some((StatusCode::UNAUTHORIZED, headers).into_response())
    };
    let token = format!("Bearer sesame{}", inside.tokens);
    for index in 0..inside.lies.len() {
        match inside.lies[index].clone() {
            Lie::Fails(left, code) if left > 0 => {
                inside.lies[index] = Lie::Fails(left - 1, code);
                return Some(status(code).into_response());
            }
            Lie::After(seconds) => {
                inside.lies.remove(index);
                let headers = [(header::RETRY_AFTER, seconds.to_string())];
                return Some((status(429), headers).into_response());
            }
            Lie::Token(user, password) => {
                use base64::Engine as _;
                let pair =
                    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
                if uri.path() == "/token" {
                    return Some(if shown == Some(&format!("Basic {pair}")) {
                        format!(r#"{{"token":"sesame{}"}}"#, inside.tokens).into_response()
                    } else {
                        (StatusCode::UNAUTHORIZED, "wrong password s3cret-echo").into_response()
                    });
                }
                if shown != Some(&token) {
                    return challenge();
                }
            }
            Lie::Identity(wanted) => {
                if uri.path() == "/token" {
                    let form = String::from_utf8_lossy(body).into_owned();
                    let right = *method == Method::POST
                        && form.contains("grant_type=refresh_token")
                        && form.contains(&format!("refresh_token={wanted}"));
                    return Some(if right {
                        format!(r#"{{"access_token":"sesame{}"}}"#, inside.tokens).into_response()
                    } else {
                        StatusCode::UNAUTHORIZED.into_response()
                    });
                }
                if shown != Some(&token) {
                    return challenge();
                }
            }
            Lie::TokenHolds(times) if shown == Some(&token) => {
                inside.shown += 1;
                if inside.shown > times {
                    inside.shown = 0;
                    inside.tokens += 1;
                    return challenge();
                }
            }
            _ => {}
        }
    }
    None
}

fn created(uri: &Uri, more: &[(&'static str, String)]) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let location = uri.path().parse().unwrap();
    response.headers_mut().insert(header::LOCATION, location);
    for (name, value) in more {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

fn put_manifest(
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

fn tags(inside: &Inside, repository: &str) -> Response {
    if inside.manifests.is_empty() {
        let refusal = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"","detail":{}}]}"#;
        return (StatusCode::NOT_FOUND, refusal).into_response();
    }
    let list = serde_json::json!({ "name": repository, "tags": [] });
    list.to_string().into_response()
}

fn referrers(inside: &Inside, subject: &str, uri: &Uri) -> Response {
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

fn upload(
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

fn blob(inside: &mut Inside, digest: &str, from: Option<usize>, uri: &Uri) -> Response {
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

fn endless() -> Response {
    let piece = Bytes::from(vec![b' '; 65536]);
    Body::from_stream(stream::repeat(Ok::<_, Infallible>(piece))).into_response()
}
