//! `registries.toml`: how registries are reached, where it is not the usual way.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::certificates::{self, Certificates};
use super::config_file;
use crate::env;

/// How one registry is reached.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Access {
    /// Hosts that are asked first.
    #[serde(default)]
    pub(super) mirrors: Vec<String>,
    /// Whether they also say what a tag means.
    #[serde(default)]
    pub(super) tags_from_mirrors: bool,
    /// A file with certificates that are trusted besides the system's.
    #[serde(default)]
    pub(super) ca: Option<PathBuf>,
    /// A file with the certificate that it is shown.
    #[serde(default)]
    pub(super) cert: Option<PathBuf>,
    /// And one with its key.
    #[serde(default)]
    pub(super) key: Option<PathBuf>,
    /// Whether it is spoken to without TLS.
    #[serde(default)]
    pub(super) plain_http: bool,
}

/// Every registry that the file names, by host and port.
#[derive(Clone, Debug, Default)]
pub(super) struct Registries(BTreeMap<String, Access>);

impl Registries {
    /// Reads the file: the one that the environment names, else the user's, else the machine's. None is fine.
    pub(super) fn read() -> anyhow::Result<Self> {
        if let Some(named) = std::env::var_os(env::KRUNNER_REGISTRIES).map(PathBuf::from) {
            let text = fs::read_to_string(&named)
                .with_context(|| format!("Cannot read `{}`", named.display()))?;
            return Self::parse(&named, &text);
        }
        match config_file::find("registries.toml")? {
            Some((file, text)) => Self::parse(&file, &text),
            None => Ok(Self::default()),
        }
    }

    fn parse(file: &Path, text: &str) -> anyhow::Result<Self> {
        let mut registries: BTreeMap<String, Access> = toml::from_str(text)
            .with_context(|| format!("Cannot understand `{}`", file.display()))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        for access in registries.values_mut() {
            for file in [&mut access.ca, &mut access.cert, &mut access.key] {
                *file = file.take().map(|file| folder.join(file));
            }
        }
        Ok(Self(registries))
    }

    /// How a registry is reached.
    pub(super) fn access(&self, registry: &str) -> Access {
        self.0.get(registry).cloned().unwrap_or_default()
    }

    /// The certificates for a registry: what the file says, and what Docker and Podman have.
    pub(super) fn certificates(&self, registry: &str) -> anyhow::Result<Certificates> {
        let access = self.access(registry);
        let mut found = certificates::find(registry)?;
        if let Some(ca) = access.ca {
            found.authorities.push(certificates::need(&ca)?);
        }
        match (access.cert, access.key) {
            (Some(cert), Some(key)) => found.identity = Some(certificates::identity(&cert, &key)?),
            (None, None) => {}
            _ => {
                bail!("For `{registry}`, `registries.toml` needs both `cert` and `key`, or neither")
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_has_its_mirrors_and_certificates_beside_the_file() {
        let text = r#"
            ["registry.example.com"]
            mirrors = ["mirror.internal:5000"]
            ca = "internal.pem"
            cert = "/keys/client.pem"
            key = "client.key"
        "#;
        let registries =
            Registries::parse(Path::new("/etc/krunner/registries.toml"), text).unwrap();
        let access = registries.access("registry.example.com");
        assert_eq!(access.mirrors, ["mirror.internal:5000"]);
        assert_eq!(access.ca, Some("/etc/krunner/internal.pem".into()));
        assert_eq!(access.cert, Some("/keys/client.pem".into()));
        assert_eq!(access.key, Some("/etc/krunner/client.key".into()));
        assert!(!access.plain_http && !access.tags_from_mirrors);
        assert!(registries.access("other.example.com").mirrors.is_empty());
    }

    #[test]
    fn a_key_that_nobody_knows_is_an_error_that_names_it() {
        let text = "[\"a.example\"]\nmirror = \"b.example\"\n";
        let error = Registries::parse(Path::new("registries.toml"), text).unwrap_err();
        assert!(format!("{error:#}").contains("mirror"), "{error:#}");
    }
}
