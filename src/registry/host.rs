//! One host of a registry: requests that carry what it wants to be shown, and nothing that another one may see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LOCATION, WARNING};
use reqwest::redirect::Policy;
use reqwest::{Body, Method, Response, StatusCode, Url};
use tokio::runtime::Handle;

use super::challenge::Challenge;
use super::error::Network;
use super::settings::Endpoint;
use super::token::Token;
use super::{Error, Warnings};
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
    http: reqwest::Client,
    /// For what a host without TLS says is behind TLS somewhere else.
    secure: OnceLock<reqwest::Client>,
    straight: OnceLock<reqwest::Client>,
    plain: bool,
    pub(super) endpoint: Endpoint,
    pub(super) access: Mutex<Access>,
    /// The registry that this host stands in for, as the specification wants a mirror to be told.
    pub(super) stands_for: Option<String>,
    warnings: Arc<Warnings>,
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
        warnings: Arc<Warnings>,
        runtime: Handle,
    ) -> Result<Self, Error> {
        let plain = endpoint.plain_http || is_loopback(&endpoint.registry);
        let scheme = if plain { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{}/", endpoint.registry))
            .map_err(|_| protocol(endpoint, "no address"))?;
        Ok(Self {
            // On the way to another host reqwest drops the `Authorization` header.
            http: if plain {
                without_tls(endpoint)?
            } else {
                client(endpoint, plain, Policy::limited(REDIRECTS))?
            },
            secure: OnceLock::new(),
            straight: OnceLock::new(),
            plain,
            name: endpoint.registry.clone(),
            base,
            endpoint: endpoint.clone(),
            access: Mutex::default(),
            stands_for,
            warnings,
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

    /// The client for an address. Reading the system's certificates takes longer than some requests, so it is done where
    /// somebody's have to be known.
    fn client(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        if !self.plain || url.scheme() == "http" {
            return Ok(&self.http);
        }
        if let Some(client) = self.secure.get() {
            return Ok(client);
        }
        let made = client(&self.endpoint, self.plain, Policy::limited(REDIRECTS))?;
        Ok(self.secure.get_or_init(|| made))
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
        let response = self.authorised(call, |token| self.send(call, token))?;
        let response = match self.onward(&response) {
            Some(url) => {
                let mut onward = Call::new(call.method.clone(), url, &call.scope);
                onward.headers.clone_from(&call.headers);
                self.send(&onward, None)?
            }
            None => response,
        };
        self.judge(response, what)
    }

    fn send(&self, call: &Call, token: Option<HeaderValue>) -> Result<Response, Error> {
        let request = self.request(call, token)?;
        let request = request.body(Body::from(call.body.clone()));
        self.runtime
            .block_on(async { request.send().await })
            .map_err(|error| self.network(error))
    }

    /// Where something is that a host without TLS has behind TLS.
    fn onward(&self, response: &Response) -> Option<Url> {
        if !self.plain || !response.status().is_redirection() {
            return None;
        }
        let location = response.headers().get(LOCATION)?.to_str().ok()?;
        let location = response.url().join(location).ok()?;
        (location.scheme() == "https").then_some(location)
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
    ) -> Result<reqwest::RequestBuilder, Error> {
        let mut request = self
            .client(&call.url)?
            .request(call.method.clone(), call.url.clone())
            .headers(call.headers.clone());
        if let Some(token) = token.filter(|_| self.is_own(&call.url)) {
            request = request.header(AUTHORIZATION, token);
        }
        Ok(request)
    }

    /// What an answer's status means, where it means the same to everybody.
    pub(super) fn judge(&self, response: Response, what: &str) -> Result<Response, Error> {
        // Where a redirect led to, nobody speaks for the registry.
        if response.headers().contains_key(WARNING) && self.is_own(response.url()) {
            self.warnings
                .hear(&self.name, response.headers(), &self.secrets());
        }
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

fn builder(policy: Policy) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .redirect(policy)
}

/// A client that trusts nobody's certificate, and so follows no redirect to where one is needed.
fn without_tls(endpoint: &Endpoint) -> Result<reqwest::Client, Error> {
    let policy = Policy::custom(|attempt| {
        if attempt.url().scheme() == "https" {
            attempt.stop()
        } else {
            Policy::limited(REDIRECTS).redirect(attempt)
        }
    });
    build(endpoint, builder(policy).tls_certs_only([]))
}

fn client(endpoint: &Endpoint, plain: bool, policy: Policy) -> Result<reqwest::Client, Error> {
    let mut builder = builder(policy).https_only(!plain);
    for pem in &endpoint.authorities {
        let authorities = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| {
            protocol(
                endpoint,
                "the certificates given for it are none in PEM form",
            )
        })?;
        builder = builder.tls_certs_merge(authorities);
    }
    if let Some(identity) = &endpoint.identity {
        let identity = reqwest::Identity::from_pem(&identity.pem).map_err(|_| {
            protocol(
                endpoint,
                "the certificate to show it, or its key, is none in PEM form",
            )
        })?;
        builder = builder.identity(identity);
    }
    build(endpoint, builder)
}

fn build(endpoint: &Endpoint, builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
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
