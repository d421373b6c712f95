//! Credentials from where Docker and Podman keep them: `config.json`, `auth.json` and credential helpers.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use docker_credential::{CredentialRetrievalError, DockerCredential};

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

    /// What a `config.json` or `auth.json` has for `registry`, or the helpers named there. No file or no entry is
    /// fine; credentials that cannot be had are an error, because going on without them hides the cause.
    pub fn from_docker(config: &Path, registry: &str) -> Result<Self, Error> {
        let fail = |reason| {
            Err(Error::Credentials {
                registry: registry.to_owned(),
                reason,
            })
        };
        let file = match File::open(config) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::anonymous()),
            Err(_) => return fail("the file with them cannot be read"),
        };
        let reason = match docker_credential::get_credential_from_reader(file, registry) {
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
