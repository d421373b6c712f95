//! Credentials from where Docker keeps them: `config.json` and credential helpers.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::secrets::RegistryAuth;

use super::Error;

/// What to show a registry. Never printed.
#[derive(Clone)]
pub struct Credentials(RegistryAuth);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl Credentials {
    /// None at all.
    pub fn anonymous() -> Self {
        Self(RegistryAuth::Anonymous)
    }

    /// A user's name and password.
    pub fn basic(user: &str, password: &str) -> Self {
        Self(RegistryAuth::Basic(user.to_owned(), password.to_owned()))
    }

    /// What Docker's `config.json` has for `registry`, or the helpers named there. No file or no entry is fine;
    /// credentials that cannot be had are an error, because going on without them hides the cause.
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
            Err(_) => return fail("Docker's `config.json` cannot be read"),
        };
        let reason = match docker_credential::get_credential_from_reader(file, registry) {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                return Ok(Self::basic(&user, &password));
            }
            // The token flow for these is an OAuth exchange that the client library does not speak.
            Ok(DockerCredential::IdentityToken(_)) => "identity tokens are not supported",
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
            ) => "Docker's `config.json` has a damaged entry",
            Err(CredentialRetrievalError::ConfigReadError) => {
                "Docker's `config.json` cannot be read"
            }
        };
        fail(reason)
    }

    pub(super) fn auth(&self) -> &RegistryAuth {
        &self.0
    }
}
