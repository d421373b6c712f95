//! How registries are reached: certificates, plain HTTP, mirrors.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Credentials, Warnings};

/// A certificate that a host is shown, and its key.
#[derive(Clone)]
pub struct Identity {
    /// Both in PEM form.
    pub(super) pem: Vec<u8>,
}

impl Identity {
    /// A certificate with those that vouch for it, and its key without a password, all in PEM form. They are looked at when they are
    /// first needed.
    pub fn new(certificate: &[u8], key: &[u8]) -> Self {
        Self {
            pem: [certificate, b"\n", key].concat(),
        }
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// One host that speaks for a registry.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Host and optional port.
    pub registry: String,
    /// What it is shown.
    pub credentials: Credentials,
    /// Whether it is spoken to without TLS. Hosts on this very machine always are.
    pub plain_http: bool,
    /// Certificates in PEM form that are trusted besides the system's.
    pub authorities: Vec<Vec<u8>>,
    /// The certificate that it is shown, if it wants one.
    pub identity: Option<Identity>,
}

impl Endpoint {
    /// A host that is reached in the usual way.
    pub fn new(registry: &str, credentials: Credentials) -> Self {
        Self {
            registry: registry.to_owned(),
            credentials,
            plain_http: false,
            authorities: Vec::new(),
            identity: None,
        }
    }
}

/// A registry and what stands in for it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The registry itself.
    pub origin: Endpoint,
    /// Asked before it, in order, for whatever is named by its digest.
    pub mirrors: Vec<Endpoint>,
    /// Whether mirrors also say what a tag means. They may be behind, or not let go of an old one.
    pub tags_from_mirrors: bool,
    /// A repository of the same registry from which blobs may be mounted instead of being sent.
    pub mount_from: Option<String>,
    /// A folder, for the user alone, for notes to the next run: unfinished uploads, which it continues, and which repository has
    /// a blob, which it mounts from there.
    pub notes: Option<PathBuf>,
    /// Where it is noted what the registry and its mirrors want the user to be told.
    pub warnings: Arc<Warnings>,
}

impl Settings {
    /// A registry without mirrors.
    pub fn new(origin: Endpoint) -> Self {
        Self {
            origin,
            mirrors: Vec::new(),
            tags_from_mirrors: false,
            mount_from: None,
            notes: None,
            warnings: Arc::default(),
        }
    }
}
