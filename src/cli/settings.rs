//! `registries.toml`: how registries are reached, where it is not the usual way.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

use super::config_file;
use crate::env;

/// Where Docker has further certificates: `HOST/ca.crt`.
const DOCKER_AUTHORITIES: &str = "/etc/docker/certs.d";

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
            let text = fs::read_to_string(&named).with_context(unread(&named))?;
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
            access.ca = access.ca.take().map(|ca| folder.join(ca));
        }
        Ok(Self(registries))
    }

    /// How a registry is reached.
    pub(super) fn access(&self, registry: &str) -> Access {
        self.0.get(registry).cloned().unwrap_or_default()
    }

    /// The certificates that are trusted for a registry besides the system's.
    pub(super) fn authorities(&self, registry: &str) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut found = Vec::new();
        if let Some(ca) = self.access(registry).ca {
            found.push(fs::read(&ca).with_context(unread(&ca))?);
        }
        let docker = Path::new(DOCKER_AUTHORITIES).join(registry).join("ca.crt");
        found.extend(config_file::read(&docker)?);
        Ok(found)
    }
}

fn unread(file: &Path) -> impl Fn() -> String {
    move || format!("Cannot read `{}`", file.display())
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
        "#;
        let registries =
            Registries::parse(Path::new("/etc/krunner/registries.toml"), text).unwrap();
        let access = registries.access("registry.example.com");
        assert_eq!(access.mirrors, ["mirror.internal:5000"]);
        assert_eq!(access.ca, Some("/etc/krunner/internal.pem".into()));
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
