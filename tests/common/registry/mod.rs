//! A registry that speaks real HTTP, and lies when told to.

mod blob;
mod document;
mod gate;
mod lie;
mod route;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use krunner::digest::Digest;
use krunner::registry::{Credentials, Registry};

pub(crate) use lie::Lie;

use super::faults::Faults;
use super::tls::Guarded;

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
            .fallback(route::answer)
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
