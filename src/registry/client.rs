//! A place in a registry, and the connection to it.

use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::{Reference, RegistryOperation};
use reqwest::header::HeaderValue;
use tokio::runtime::{Builder, Runtime};

use super::error::Network;
use super::{Credentials, Error};
use crate::digest::Digest;
use crate::reference::Repository;

/// A registry that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_mins(1);
/// And one that does not even take a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// As many as browsers follow; registries need one, to their object storage.
const REDIRECTS: usize = 5;
const USER_AGENT: &str = concat!("krunner/", env!("CARGO_PKG_VERSION"));

/// A place in a registry: one repository, and a tag or digest in it.
///
/// Its methods block, and so must not be called from inside an asynchronous runtime's own threads.
pub struct Registry {
    pub(super) place: Repository,
    pub(super) library: oci_client::Client,
    pub(super) http: reqwest::Client,
    pub(super) credentials: Credentials,
    /// What the registry gave us to show with the next requests, if it wanted anything.
    token: Mutex<Option<HeaderValue>>,
    /// Set once the library knows our credentials for writing.
    pub(super) signed_in: OnceLock<()>,
    pub(super) runtime: Runtime,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registry({})", self.place)
    }
}

impl Registry {
    /// Prepares the connection; nothing is sent yet. Plain HTTP is spoken to registries on this machine only.
    pub fn new(place: Repository, credentials: Credentials) -> Result<Self, Error> {
        let fail = |message: &str| Error::Protocol {
            registry: place.registry.clone(),
            message: message.to_owned(),
        };
        // One thread of its own drives the sockets while the callers' threads read, hash and unpack.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|_| fail("no thread for the network"))?;
        let protocol = if place.is_loopback() {
            ClientProtocol::HttpsExcept(vec![place.registry.clone()])
        } else {
            ClientProtocol::Https
        };
        let library = oci_client::Client::new(ClientConfig {
            protocol,
            use_monolithic_push: true,
            read_timeout: Some(SILENCE),
            connect_timeout: Some(CONNECT),
            user_agent: USER_AGENT,
            ..ClientConfig::default()
        });
        let https_only = !place.is_loopback();
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .https_only(https_only)
            // On the way to another host reqwest drops the `Authorization` header.
            .redirect(reqwest::redirect::Policy::limited(REDIRECTS))
            .build()
            .map_err(|error| Error::Unreachable {
                registry: place.registry.clone(),
                source: Network::from(error),
            })?;
        Ok(Self {
            place,
            library,
            http,
            credentials,
            token: Mutex::new(None),
            signed_in: OnceLock::new(),
            runtime,
        })
    }

    /// The address of something in the repository.
    pub(super) fn url(&self, kind: &str, what: &str) -> String {
        let scheme = if self.place.is_loopback() {
            "http"
        } else {
            "https"
        };
        format!(
            "{scheme}://{}/v2/{}/{kind}/{what}",
            self.place.registry, self.place.name
        )
    }

    /// The place in the library's words, with a tag or digest in it.
    pub(super) fn library_reference(
        &self,
        tag: Option<&str>,
        digest: Option<&Digest>,
    ) -> Reference {
        let (registry, name) = (self.place.registry.clone(), self.place.name.clone());
        match (tag, digest) {
            (_, Some(digest)) => Reference::with_digest(registry, name, digest.to_string()),
            (tag, None) => {
                let tag = tag.unwrap_or(crate::reference::DEFAULT_TAG);
                Reference::with_tag(registry, name, tag.to_owned())
            }
        }
    }

    /// What to show with a request, as far as it is known.
    pub(super) fn token(&self) -> Option<HeaderValue> {
        self.token
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Asks the registry how it wants to be authorised to, and does so.
    pub(super) fn authorise(&self, operation: RegistryOperation) -> Result<(), Error> {
        let place = self.library_reference(None, None);
        let auth = self
            .library
            .auth(&place, self.credentials.auth(), operation);
        let token = self
            .runtime
            .block_on(auth)
            .map_err(|error| Error::library(&self.place.registry, &self.place.name, error))?;
        let header = match (token, self.credentials.auth()) {
            (Some(token), _) => Some(format!("Bearer {token}")),
            (None, oci_client::secrets::RegistryAuth::Basic(user, password)) => {
                use base64::Engine as _;
                let pair = format!("{user}:{password}");
                Some(format!(
                    "Basic {}",
                    base64::engine::general_purpose::STANDARD.encode(pair)
                ))
            }
            (None, _) => None,
        };
        let header = header
            .and_then(|text| HeaderValue::from_str(&text).ok())
            .map(|mut value| {
                value.set_sensitive(true);
                value
            });
        *self
            .token
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = header;
        Ok(())
    }
}
