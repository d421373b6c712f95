//! Tokens: asked for once for each scope, kept while they hold, and renewed when a registry no longer takes one.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Response, Url};
use serde::Deserialize;

use super::Error;
use super::challenge::Challenge;
use super::credentials::Kind;
use super::host::{Access, Host};
use super::retry::retry;
use crate::reference::is_loopback;

/// What the specification says when a token service does not: and the least that any of them gives.
const HOLDS: u64 = 60;
/// So much earlier a token counts as old, so that none runs out on its way.
const MARGIN: Duration = Duration::from_secs(5);
/// More than any token service has to say.
const MAX_ANSWER: usize = 256 << 10;

/// A token, as the header that carries it.
pub(super) struct Token {
    header: HeaderValue,
    until: Instant,
}

/// What a token service answers.
#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Host {
    fn access(&self) -> std::sync::MutexGuard<'_, Access> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that this host was or may be shown, in the forms in which it could come back.
    pub(super) fn secrets(&self) -> Vec<String> {
        let own = match &self.endpoint.credentials.0 {
            Kind::Anonymous => None,
            Kind::Basic(_, secret) | Kind::Identity(secret) => Some(secret.clone()),
        };
        let access = self.access();
        let shown = access.tokens.values().filter_map(|token| {
            let header = token.header.to_str().ok()?;
            Some(header.rsplit(' ').next()?.to_owned())
        });
        let secrets = own.into_iter().chain(shown);
        secrets.filter(|secret| !secret.is_empty()).collect()
    }

    /// What to show with a request, as far as the host's wishes are known.
    pub(super) fn shown(&self, scope: &str) -> Result<Option<HeaderValue>, Error> {
        let challenge = {
            let access = self.access();
            let Some(challenge) = access.challenge.clone() else {
                return Ok(None);
            };
            if let Some(token) = access.tokens.get(scope)
                && token.until > Instant::now()
            {
                return Ok(Some(token.header.clone()));
            }
            challenge
        };
        self.authorise(&challenge, scope)
    }

    /// What to show instead of `shown`, which was not enough; nothing if nothing else can be shown.
    pub(super) fn challenged(
        &self,
        headers: &HeaderMap,
        scope: &str,
        shown: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, Error> {
        let demands: Vec<&str> = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let Some(challenge) = Challenge::parse(&demands) else {
            return Ok(None);
        };
        {
            let mut access = self.access();
            access.challenge = Some(challenge.clone());
            access.tokens.remove(scope);
        }
        let token = self.authorise(&challenge, scope)?;
        // The same password a second time is refused a second time.
        Ok(token.filter(|token| Some(token) != shown))
    }

    fn authorise(&self, challenge: &Challenge, scope: &str) -> Result<Option<HeaderValue>, Error> {
        match challenge {
            Challenge::Basic => match &self.endpoint.credentials.0 {
                Kind::Basic(user, password) => self.secret(&basic(user, password)).map(Some),
                _ => Ok(None),
            },
            Challenge::Bearer { realm, service } => {
                let token = retry(|| self.fetch_token(realm, service.as_deref(), scope))?;
                let header = token.header.clone();
                self.access().tokens.insert(scope.to_owned(), token);
                Ok(Some(header))
            }
        }
    }

    fn fetch_token(&self, realm: &str, service: Option<&str>, scope: &str) -> Result<Token, Error> {
        let address = self.realm(realm)?;
        let mut fields: Vec<(&str, &str)> = Vec::new();
        fields.extend(service.map(|service| ("service", service)));
        fields.extend(scope.split(' ').map(|scope| ("scope", scope)));
        let request = match &self.endpoint.credentials.0 {
            // A refresh token is changed by OAuth's own request, in a body.
            Kind::Identity(token) => {
                let mut form = address.clone();
                form.query_pairs_mut()
                    .clear()
                    .append_pair("grant_type", "refresh_token")
                    .append_pair("client_id", "krunner")
                    .append_pair("refresh_token", token)
                    .extend_pairs(fields);
                self.straight()?
                    .post(address)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.query().unwrap_or_default().to_owned())
            }
            kind => {
                let mut address = address;
                address.query_pairs_mut().extend_pairs(fields);
                let mut request = self.straight()?.get(address);
                if let Kind::Basic(user, password) = kind {
                    let header = self.secret(&basic(user, password))?;
                    request = request.header(AUTHORIZATION, header);
                }
                request
            }
        };
        let asked = Instant::now();
        let response = self
            .runtime
            .block_on(async { request.send().await })
            .map_err(|error| self.network(error))?;
        if !response.status().is_success() {
            return Err(self.refused(&response, "a token"));
        }
        let answer = self.runtime.block_on(self.answer(response))?;
        let answer: Answer =
            serde_json::from_slice(&answer).map_err(|_| self.protocol("no token in its answer"))?;
        let text = answer
            .token
            .or(answer.access_token)
            .ok_or_else(|| self.protocol("no token in its answer"))?;
        let holds = Duration::from_secs(answer.expires_in.unwrap_or(HOLDS).clamp(HOLDS, 86_400));
        Ok(Token {
            header: self.secret(&format!("Bearer {text}"))?,
            until: asked + holds.saturating_sub(MARGIN),
        })
    }

    /// The address of a token service that may see a password: by TLS, or as the registry itself is reached.
    fn realm(&self, realm: &str) -> Result<Url, Error> {
        let url =
            Url::parse(realm).map_err(|_| self.protocol("a token service without address"))?;
        let host = url.host_str().unwrap_or_default();
        let trusted = url.scheme() == "https"
            || self.is_own(&url)
            || (self.base.scheme() == "http" && is_loopback(host) && url.scheme() == "http");
        if trusted && url.username().is_empty() && url.password().is_none() {
            Ok(url)
        } else {
            Err(self.protocol("its token service has an address that no password is sent to"))
        }
    }

    async fn answer(&self, mut response: Response) -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.network(error))?
        {
            if content.len() + chunk.len() > MAX_ANSWER {
                return Err(self.protocol("an endless token"));
            }
            content.extend_from_slice(&chunk);
        }
        Ok(content)
    }

    fn secret(&self, text: &str) -> Result<HeaderValue, Error> {
        let mut value = HeaderValue::from_str(text)
            .map_err(|_| self.protocol("credentials that no header can carry"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    pub(super) fn protocol(&self, message: &str) -> Error {
        Error::Protocol {
            registry: self.name.clone(),
            message: message.to_owned(),
        }
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
