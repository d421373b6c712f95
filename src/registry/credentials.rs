//! Credentials from where Docker and Podman keep them: `config.json`, `auth.json` and credential helpers.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use serde::Deserialize;
use serde_json::Value;

use super::Error;

/// What to show a registry. Never printed.
#[derive(Clone, Default)]
pub struct Credentials(pub(super) Kind);

#[derive(Clone, Default)]
pub(super) enum Kind {
    #[default]
    Anonymous,
    Basic(String, String),
    /// A refresh token, which the registry's token service changes into access tokens.
    Identity(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl Credentials {
    /// None at all.
    pub fn anonymous() -> Self {
        Self(Kind::Anonymous)
    }

    /// A user's name and password.
    pub fn basic(user: &str, password: &str) -> Self {
        Self(Kind::Basic(user.to_owned(), password.to_owned()))
    }

    /// An identity token, as `docker login` gets one from some registries.
    pub fn identity(token: &str) -> Self {
        Self(Kind::Identity(token.to_owned()))
    }

    /// Whether there is nothing to show.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.0, Kind::Anonymous)
    }

    /// What a `config.json` or `auth.json` has for a repository of `registry`, or the helpers named there. No file or no entry is
    /// fine; credentials that cannot be had are an error, because going on without them hides the cause.
    ///
    /// As in Podman, an entry may be for a repository or for a part of its path (`registry/team`), and the longest one counts,
    /// unless the registry has a helper of its own.
    pub fn from_docker(config: &Path, registry: &str, repository: &str) -> Result<Self, Error> {
        let fail = |reason| {
            Err(Error::Credentials {
                registry: registry.to_owned(),
                reason,
            })
        };
        let text = match fs::read(config) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::anonymous()),
            Err(_) => return fail("the file with them cannot be read"),
        };
        let found = match entry_of(&text, registry, repository) {
            Some((key, entry)) => docker_credential::get_credential_from_reader(&entry[..], &key),
            None => docker_credential::get_credential_from_reader(&text[..], registry),
        };
        let reason = match found {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                return Ok(Self::basic(&user, &password));
            }
            Ok(DockerCredential::IdentityToken(token)) => return Ok(Self::identity(&token)),
            Err(
                CredentialRetrievalError::NoCredentialConfigured
                | CredentialRetrievalError::ConfigNotFound,
            ) => {
                return Ok(Self::anonymous());
            }
            // Helpers say so when they simply have nothing; they have no other way.
            Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
                if [&stdout, &stderr]
                    .iter()
                    .any(|text| text.contains("credentials not found")) =>
            {
                return Ok(Self::anonymous());
            }
            Err(
                CredentialRetrievalError::HelperFailure { .. }
                | CredentialRetrievalError::HelperCommunicationError,
            ) => "the credential helper failed",
            Err(CredentialRetrievalError::MalformedHelperResponse) => {
                "the credential helper answers nonsense"
            }
            Err(
                CredentialRetrievalError::CredentialDecodingError
                | CredentialRetrievalError::CredentialMismatchError,
            ) => "the file with them has a damaged entry",
            Err(CredentialRetrievalError::ConfigReadError) => "the file with them cannot be read",
        };
        fail(reason)
    }
}

/// As much of the file as says for which parts of a registry there is something.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Value>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, Value>,
}

/// The entry for the longest part of a repository's path that has one, and a file with nothing else.
fn entry_of(text: &[u8], registry: &str, repository: &str) -> Option<(String, Vec<u8>)> {
    let file: File = serde_json::from_slice(text).ok()?;
    if file.cred_helpers.contains_key(registry) {
        return None;
    }
    let whole = format!("{registry}/{repository}");
    let mut key = whole.as_str();
    while key.len() > registry.len() {
        if let Some(entry) = file.auths.get(key) {
            let only = serde_json::json!({ "auths": { key: entry } });
            return Some((key.to_owned(), only.to_string().into_bytes()));
        }
        key = key.rsplit_once('/')?.0;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_part_of_the_path_counts() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let pair = |name: &str| {
            use base64::Engine as _;
            let text = format!("{name}:secret-of-{name}");
            let auth = base64::engine::general_purpose::STANDARD.encode(text);
            serde_json::json!({ "auth": auth })
        };
        let content = serde_json::json!({ "auths": {
            "a.example": pair("all"),
            "a.example/team": pair("team"),
            "a.example/team/krunner": pair("one"),
            "b.example/team": pair("other"),
        } });
        fs::write(file.path(), content.to_string()).unwrap();
        for (registry, repository, user) in [
            ("a.example", "team/krunner", Some("one")),
            ("a.example", "team/krunner/deep", Some("one")),
            ("a.example", "team/krunner-two", Some("team")),
            ("a.example", "teamwork", Some("all")),
            ("b.example", "krunner", None),
            ("c.example", "team", None),
        ] {
            let found = Credentials::from_docker(file.path(), registry, repository).unwrap();
            let found = match found.0 {
                Kind::Basic(user, password) => {
                    assert_eq!(password, format!("secret-of-{user}"));
                    Some(user)
                }
                _ => None,
            };
            assert_eq!(found.as_deref(), user, "{registry}/{repository}");
        }
        fs::write(file.path(), r#"{"auths":{"a.example/team":{"auth":"?"}}}"#).unwrap();
        assert!(Credentials::from_docker(file.path(), "a.example", "team/x").is_err());
    }
}
