//! One host of a registry: requests that carry what it wants to be shown, and nothing that another one may see.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Body, Method, Response, StatusCode, Url};
use tokio::runtime::Handle;

use super::Error;
use super::challenge::Challenge;
use super::error::Network;
use super::settings::Endpoint;
use super::token::Token;
use crate::reference::is_loopback;

/// A registry that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_mins(1);
/// And one that does not even take a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// As many as browsers follow; registries need one, to their object storage.
const REDIRECTS: usize = 5;
const USER_AGENT: &str = concat!("krunner/", env!("CARGO_PKG_VERSION"));

/// A host that answers for a registry.
pub(super) struct Host {
    pub(super) name: String,
    /// Its address, with nothing behind the host.
    pub(super) base: Url,
    pub(super) http: reqwest::Client,
    straight: OnceLock<reqwest::Client>,
    plain: bool,
    pub(super) endpoint: Endpoint,
    pub(super) access: Mutex<Access>,
    /// The registry that this host stands in for, as the specification wants a mirror to be told.
    pub(super) stands_for: Option<String>,
    pub(super) runtime: Handle,
}

/// What a host wants, and what it gave us so far.
#[derive(Default)]
pub(super) struct Access {
    pub(super) challenge: Option<Challenge>,
    /// By scope.
    pub(super) tokens: BTreeMap<String, Token>,
}

/// A request, which may be sent more than once.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    /// What the token must allow, such as `repository:team/krunner:pull`; more than one is separated by spaces.
    pub(super) scope: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn new(method: Method, url: Url, scope: &str) -> Self {
        Self {
            method,
            url,
            scope: scope.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// Adds a header whose value is our own and so always fits.
    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(super) fn body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }
}

impl Host {
    /// Prepares a connection; nothing is sent yet.
    pub(super) fn new(
        endpoint: &Endpoint,
        stands_for: Option<String>,
        runtime: Handle,
    ) -> Result<Self, Error> {
        let plain = endpoint.plain_http || is_loopback(&endpoint.registry);
        let scheme = if plain { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{}/", endpoint.registry))
            .map_err(|_| protocol(endpoint, "no address"))?;
        Ok(Self {
            // On the way to another host reqwest drops the `Authorization` header.
            http: client(endpoint, plain, Policy::limited(REDIRECTS))?,
            straight: OnceLock::new(),
            plain,
            name: endpoint.registry.clone(),
            base,
            endpoint: endpoint.clone(),
            access: Mutex::default(),
            stands_for,
            runtime,
        })
    }

    /// A client that follows no redirects: what carries a password goes where it was sent, or nowhere. Made when it is
    /// needed, for reading the system's certificates takes its time.
    pub(super) fn straight(&self) -> Result<&reqwest::Client, Error> {
        if let Some(client) = self.straight.get() {
            return Ok(client);
        }
        let made = client(&self.endpoint, self.plain, Policy::none())?;
        Ok(self.straight.get_or_init(|| made))
    }

    /// The address of something in a repository, with what a mirror has to be told.
    pub(super) fn url(&self, repository: &str, rest: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("v2/{repository}/{rest}"));
        if let Some(registry) = &self.stands_for {
            url.query_pairs_mut().append_pair("ns", registry);
        }
        url
    }

    /// Sends a request, and once more if the host first wants to know who we are. Success, and what only the caller
    /// can judge, is an answer; what may pass or is forbidden is an error.
    pub(super) fn call(&self, call: &Call, what: &str) -> Result<Response, Error> {
        let send = |token: Option<HeaderValue>| {
            let request = self
                .request(call, token)
                .body(Body::from(call.body.clone()));
            self.runtime
                .block_on(async { request.send().await })
                .map_err(|error| self.network(error))
        };
        let response = self.authorised(call, send)?;
        self.judge(response, what)
    }

    /// Runs a request with what is known to be wanted, and once more with what the answer demands.
    pub(super) fn authorised(
        &self,
        call: &Call,
        mut send: impl FnMut(Option<HeaderValue>) -> Result<Response, Error>,
    ) -> Result<Response, Error> {
        let shown = self.shown(&call.scope)?;
        let response = send(shown.clone())?;
        if response.status() != StatusCode::UNAUTHORIZED || !self.is_own(&call.url) {
            return Ok(response);
        }
        match self.challenged(response.headers(), &call.scope, shown.as_ref())? {
            Some(token) => send(Some(token)),
            None => Ok(response),
        }
    }

    /// The request itself. What is for this host alone goes nowhere else.
    pub(super) fn request(
        &self,
        call: &Call,
        token: Option<HeaderValue>,
    ) -> reqwest::RequestBuilder {
        let mut request = self
            .http
            .request(call.method.clone(), call.url.clone())
            .headers(call.headers.clone());
        if let Some(token) = token.filter(|_| self.is_own(&call.url)) {
            request = request.header(AUTHORIZATION, token);
        }
        request
    }

    /// What an answer's status means, where it means the same to everybody.
    pub(super) fn judge(&self, response: Response, what: &str) -> Result<Response, Error> {
        let status = response.status();
        let busy = status.is_server_error()
            || matches!(
                status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
            );
        let denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if busy || denied {
            return Err(self.refused(&response, what));
        }
        Ok(response)
    }

    /// The error that an answer is.
    pub(super) fn refused(&self, response: &Response, what: &str) -> Error {
        Error::status(&self.name, response.status(), response.headers(), what)
    }

    /// The error that no answer is.
    pub(super) fn network(&self, error: reqwest::Error) -> Error {
        if error.is_redirect() || error.is_builder() {
            return Error::Protocol {
                registry: self.name.clone(),
                message: Network::from(error).to_string(),
            };
        }
        Error::Unreachable {
            registry: self.name.clone(),
            source: Network::from(error),
        }
    }

    /// Whether an address is on this very host.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }
}

fn client(endpoint: &Endpoint, plain: bool, policy: Policy) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .https_only(!plain)
        .redirect(policy);
    for pem in &endpoint.authorities {
        let authorities = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| {
            protocol(
                endpoint,
                "the certificates given for it are none in PEM form",
            )
        })?;
        builder = builder.tls_certs_merge(authorities);
    }
    builder.build().map_err(|error| Error::Unreachable {
        registry: endpoint.registry.clone(),
        source: Network::from(error),
    })
}

fn protocol(endpoint: &Endpoint, message: &str) -> Error {
    Error::Protocol {
        registry: endpoint.registry.clone(),
        message: message.to_owned(),
    }
}
