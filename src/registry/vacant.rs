//! Whether a repository exists at all, asked once, so that a first push need not ask for each of its blobs.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::host::Call;
use super::{Error, Registry};
use crate::digest::Digest;

/// How the specification calls it when there is no such repository.
const NAME_UNKNOWN: &str = "NAME_UNKNOWN";

/// What is known of a repository.
#[derive(Debug, Default)]
pub(super) struct Vacancy {
    vacant: OnceLock<bool>,
    sent: Mutex<BTreeSet<Digest>>,
}

/// What registries answer when they refuse something.
#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
}

impl Registry {
    /// Whether the registry says that it has no such repository, and so none of the blobs that are to be in it. It may have some
    /// that no document names yet, which are then sent once more; those that we have sent are noted.
    pub(super) fn is_vacant(&self) -> bool {
        // Whoever does not answer is asked for each blob, and there says what is wrong.
        let ask = || self.ask_vacant().unwrap_or(false);
        *self.vacancy.vacant.get_or_init(ask)
    }

    fn ask_vacant(&self) -> Result<bool, Error> {
        let mut url = self.origin.url(&self.place.name, "tags/list");
        url.query_pairs_mut().append_pair("n", "1");
        let what = self.what("tags/list");
        let call = Call::new(Method::GET, url, &self.push_scope());
        let response = self.origin.call(&call, &what)?;
        if response.status() != StatusCode::NOT_FOUND {
            return Ok(false);
        }
        let content = self.runtime.block_on(self.origin.capped(response, &what))?;
        let refusal: Option<Refusal> = serde_json::from_slice(&content).ok();
        let mut errors = refusal.into_iter().flat_map(|refusal| refusal.errors);
        Ok(errors.any(|reason| reason.code == NAME_UNKNOWN))
    }

    /// Whether this very client has sent a blob.
    pub(super) fn is_sent(&self, digest: &Digest) -> bool {
        let sent = self.vacancy.sent.lock();
        sent.unwrap_or_else(PoisonError::into_inner)
            .contains(digest)
    }

    /// Remembers that the repository has a blob now, for this run and for later ones.
    pub(super) fn remember(&self, digest: &Digest) {
        if let Some(home) = self.home(digest) {
            home.write(&self.place.name);
        }
        let sent = self.vacancy.sent.lock();
        sent.unwrap_or_else(PoisonError::into_inner).insert(*digest);
    }
}
