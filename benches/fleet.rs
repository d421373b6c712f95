//! A thousand nodes that follow one tag, and the tag moves: what reaches the registry, and how much of it at a time.
//!
//! Run by `cargo xtask bench fleet`. Each node is what an agent is to a registry, on connections of its own: it waits as agents wait, asks for the
//! tag with one HEAD at every look, and when the answer is another one, for the index, the manifest and the one layer that
//! changed. Nothing is unpacked. The registry is in the same process, speaks HTTP on loopback, sends no more than a line of 1 Gbit carries, and
//! counts a request as long as its answer has not been sent to the end. An interval is a few seconds here instead of minutes; what follows from that is in
//! `docs/scale.md`.

#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]
#![allow(clippy::print_stdout, reason = "its output is its result")]
#![allow(missing_docs, reason = "a program")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Method, Request};
use axum::response::{IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};
use krunner::agent::schedule;
use krunner::digest::Digest;

/// Nodes.
const AGENTS: usize = 1000;
/// Between two looks of a node.
const INTERVAL: Duration = Duration::from_secs(10);
/// What changed: about a layer with one wheel in it.
const LAYER: usize = 1 << 20;
/// An index of two platforms, and a manifest with its config inlined.
const DOCUMENT: usize = 2048;
/// What is sent at a time.
const PIECE: usize = 64 << 10;
/// What goes over the registry's line in a second: 1 Gbit.
const LINE: f64 = 125e6;

/// What the registry has, and what it saw.
#[derive(Default)]
struct Registry {
    documents: HashMap<String, Bytes>,
    tag: Mutex<String>,
    requests: AtomicU64,
    bytes: AtomicU64,
    now: AtomicU64,
    most: AtomicU64,
    /// When the line has nothing more to send.
    free: Mutex<Option<Instant>>,
}

/// One request, as long as it is being answered.
struct Answering(Arc<Registry>);

impl Answering {
    fn begin(registry: &Arc<Registry>) -> Self {
        registry.requests.fetch_add(1, Ordering::Relaxed);
        let now = registry.now.fetch_add(1, Ordering::Relaxed) + 1;
        registry.most.fetch_max(now, Ordering::Relaxed);
        Self(Arc::clone(registry))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Registry {
    fn new() -> Self {
        let mut registry = Self::default();
        for version in ["1", "2"] {
            let mut add = |kind: &str, size: usize| {
                let content = Bytes::from(format!("{kind} {version} ").repeat(size / 8));
                let digest = Digest::of(&content).to_string();
                registry
                    .documents
                    .insert(format!("{kind}{version}"), Bytes::from(digest.clone()));
                registry.documents.insert(digest, content);
            };
            add("index", DOCUMENT);
            add("manifest", DOCUMENT);
            add("layer", LAYER);
        }
        "1".clone_into(&mut registry.tag.lock().unwrap());
        registry
    }

    fn digest(&self, kind: &str, version: &str) -> String {
        String::from_utf8(self.documents[&format!("{kind}{version}")].to_vec()).unwrap()
    }

    /// Waits until it is these bytes' turn on the line, which all answers share piece by piece.
    async fn turn(&self, bytes: usize) {
        let at = {
            let now = Instant::now();
            let mut free = self.free.lock().unwrap();
            let at = free.unwrap_or(now).max(now);
            let bytes = f64::from(u32::try_from(bytes).unwrap());
            *free = Some(at + Duration::from_secs_f64(bytes / LINE));
            at
        };
        tokio::time::sleep_until(at.into()).await;
    }

    fn forget(&self) {
        for count in [&self.requests, &self.bytes, &self.most] {
            count.store(0, Ordering::Relaxed);
        }
    }
}

async fn answer(State(registry): State<Arc<Registry>>, request: Request<Body>) -> Response {
    let answering = Answering::begin(&registry);
    let wanted = request
        .uri()
        .path()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    if request.method() == Method::HEAD {
        let version = registry.tag.lock().unwrap().clone();
        let mut response = ().into_response();
        let digest = HeaderValue::from_str(&registry.digest("index", &version)).unwrap();
        response
            .headers_mut()
            .insert("docker-content-digest", digest);
        return response;
    }
    let content = registry.documents[&wanted].clone();
    registry
        .bytes
        .fetch_add(content.len() as u64, Ordering::Relaxed);
    let pieces: Vec<_> = (0..content.len())
        .step_by(PIECE)
        .map(|from| content.slice(from..content.len().min(from + PIECE)))
        .collect();
    // Held until the last piece was taken.
    let answering = Arc::new(answering);
    let pieces = stream::iter(pieces).then(move |piece: Bytes| {
        let answering = Arc::clone(&answering);
        async move {
            answering.0.turn(piece.len()).await;
            Ok::<_, std::convert::Infallible>(piece)
        }
    });
    Body::from_stream(pieces).into_response()
}

/// One node: looks until it has the second version.
async fn follow(address: String, registry: Arc<Registry>, jitter: Duration, go: Arc<AtomicBool>) {
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let url = |kind: &str, wanted: &str| format!("http://{address}/v2/krunner/{kind}/{wanted}");
    let fetch = async |url: String| {
        let mut response = http.get(url).send().await.unwrap();
        while response.chunk().await.unwrap().is_some() {}
    };
    let has = registry.digest("index", "1");
    let mut wait = jitter.mul_f64(schedule::chance());
    loop {
        tokio::time::sleep(wait).await;
        let response = http.head(url("manifests", "now")).send().await.unwrap();
        if !go.load(Ordering::Relaxed) || response.headers()["docker-content-digest"] == *has {
            wait = schedule::wait(INTERVAL, jitter, 0, schedule::chance());
            continue;
        }
        for (kind, what) in [
            ("manifests", "index"),
            ("manifests", "manifest"),
            ("blobs", "layer"),
        ] {
            fetch(url(kind, &registry.digest(what, "2"))).await;
        }
        return;
    }
}

/// What came of a fleet with some jitter.
struct Seen {
    jitter: &'static str,
    seconds: f64,
    requests: u64,
    bytes: u64,
    most: u64,
}

async fn run(name: &'static str, jitter: Duration) -> Seen {
    let registry = Arc::new(Registry::new());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = Router::new()
        .fallback(answer)
        .with_state(Arc::clone(&registry));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let go = Arc::new(AtomicBool::new(false));
    let agents: Vec<_> = (0..AGENTS)
        .map(|_| {
            let agent = follow(
                address.clone(),
                Arc::clone(&registry),
                jitter,
                Arc::clone(&go),
            );
            tokio::spawn(agent)
        })
        .collect();
    // All have looked once and are connected when the tag moves, between two looks of those that look together.
    tokio::time::sleep(INTERVAL.mul_f64(0.5).max(jitter)).await;
    registry.forget();
    "2".clone_into(&mut registry.tag.lock().unwrap());
    go.store(true, Ordering::Relaxed);
    let began = Instant::now();
    for agent in agents {
        agent.await.unwrap();
    }
    let seconds = began.elapsed().as_secs_f64();
    server.abort();
    Seen {
        jitter: name,
        seconds,
        requests: registry.requests.load(Ordering::Relaxed),
        bytes: registry.bytes.load(Ordering::Relaxed),
        most: registry.most.load(Ordering::Relaxed),
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    println!(
        "{AGENTS} nodes, a look every {} s, {} bytes to fetch",
        INTERVAL.as_secs(),
        LAYER + 2 * DOCUMENT
    );
    for (name, jitter) in [
        ("none", Duration::ZERO),
        ("tenth", INTERVAL / 10),
        ("full", INTERVAL),
    ] {
        let seen = runtime.block_on(run(name, jitter));
        println!(
            "jitter {:<6} all there after {:>5.1} s; {:>6} requests, {:>7.1} MB, at most {:>5} at a time",
            seen.jitter,
            seen.seconds,
            seen.requests,
            f64::from(u32::try_from(seen.bytes >> 10).unwrap()) / 976.5625,
            seen.most
        );
        println!("bench fleet {}_requests={}", seen.jitter, seen.requests);
        println!("bench fleet {}_bytes={}", seen.jitter, seen.bytes);
        println!("bench fleet {}_concurrency={}", seen.jitter, seen.most);
    }
}
