//! References to artifacts, one grammar everywhere:
//!
//! ```text
//! REGISTRY/NAME[:TAG][@DIGEST]   in a registry; REGISTRY is a host with a dot or a port, or `localhost`
//! oci:DIR[:TAG]                  an OCI image layout in a folder
//! oci-archive:FILE[:TAG]         the same in a tar archive
//! docker-archive:FILE            what `docker save` writes; only to read from
//! ```
//!
//! A reference never carries credentials: what looks like some is refused and not repeated.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::digest::Digest;

/// The tag that is meant when neither tag nor digest is given.
pub const DEFAULT_TAG: &str = "latest";

/// The longest name that the distribution specification lets a client rely on, host included.
const MAX_NAME: usize = 255;
/// The longest tag of the distribution specification.
const MAX_TAG: usize = 128;

/// Where an artifact or an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// In a registry.
    Registry(Repository),
    /// In a folder with an OCI image layout.
    Layout {
        /// The folder.
        dir: PathBuf,
        /// Which of its entries.
        tag: Option<String>,
    },
    /// In a tar archive of an OCI image layout.
    Archive {
        /// The archive.
        file: PathBuf,
        /// Which of its entries.
        tag: Option<String>,
    },
    /// In an archive written by `docker save`.
    DockerArchive {
        /// The archive.
        file: PathBuf,
    },
}

/// A place in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Host and optional port, such as `127.0.0.1:5000`.
    pub registry: String,
    /// The repository's name, such as `team/krunner`.
    pub name: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest that the artifact must have.
    pub digest: Option<Digest>,
}

impl Repository {
    /// Whether the registry runs on this very machine, where plain HTTP leaks nothing.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.registry)
    }

    /// What is asked for: the digest if there is one, else the tag.
    pub fn wanted(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => DEFAULT_TAG.to_owned(),
        }
    }
}

/// Whether a host (with or without a port) is this very machine.
pub fn is_loopback(registry: &str) -> bool {
    let host = match registry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => registry.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl Reference {
    /// The tag, if there is one.
    pub fn tag(&self) -> Option<&str> {
        match self {
            Self::Registry(place) => place.tag.as_deref(),
            Self::Layout { tag, .. } | Self::Archive { tag, .. } => tag.as_deref(),
            Self::DockerArchive { .. } => None,
        }
    }

    /// The same place, under `tag` unless it names one itself.
    #[must_use]
    pub fn or_tag(mut self, other: Option<&str>) -> Self {
        match &mut self {
            Self::Registry(Repository { tag, .. })
            | Self::Layout { tag, .. }
            | Self::Archive { tag, .. } => {
                if tag.is_none() {
                    *tag = other.map(str::to_owned);
                }
            }
            Self::DockerArchive { .. } => {}
        }
        self
    }

    /// The same place, whatever is there.
    #[must_use]
    pub fn without_digest(mut self) -> Self {
        if let Self::Registry(place) = &mut self {
            place.digest = None;
        }
        self
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, path, tag) = match self {
            Self::Registry(repository) => return repository.fmt(f),
            Self::Layout { dir, tag } => ("oci", dir, tag.as_ref()),
            Self::Archive { file, tag } => ("oci-archive", file, tag.as_ref()),
            Self::DockerArchive { file } => ("docker-archive", file, None),
        };
        write!(f, "{scheme}:{}", path.display())?;
        tag.map_or(Ok(()), |tag| write!(f, ":{tag}"))
    }
}

/// A text that is no reference, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReference {
    /// Nothing, or nothing after the scheme.
    #[error("The reference names nothing: `{0}`")]
    Empty(String),
    /// Something that looks like a user name or a password. Not repeated.
    #[error("A reference carries no user name or password")]
    Credentials,
    /// A URL.
    #[error("A reference is no URL: it has no scheme such as `https://`")]
    Url,
    /// No registry before the first slash.
    #[error(
        "The reference names no registry (a host with a dot or a port before the first `/`): `{0}`"
    )]
    NoRegistry(String),
    /// A host that is none.
    #[error("Not a registry's host: `{0}`")]
    Host(String),
    /// A repository name outside the specification's grammar.
    #[error(
        "Not a repository's name (lower-case letters, digits, and `.`, `_`, `-`, `/` between them): `{0}`"
    )]
    Name(String),
    /// A tag outside the specification's grammar.
    #[error(
        "Not a tag (letters, digits, `_`, `.`, `-`; at most 128, not starting with `.` or `-`): `{0}`"
    )]
    Tag(String),
    /// A digest that is none.
    #[error(transparent)]
    Digest(#[from] crate::digest::InvalidDigest),
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix("oci:") {
            let (dir, tag) = path_and_tag(rest)?;
            return Ok(Self::Layout { dir, tag });
        }
        if let Some(rest) = text.strip_prefix("oci-archive:") {
            let (file, tag) = path_and_tag(rest)?;
            return Ok(Self::Archive { file, tag });
        }
        if let Some(rest) = text.strip_prefix("docker-archive:") {
            if rest.is_empty() || rest.contains('\0') {
                return Err(InvalidReference::Empty(text.to_owned()));
            }
            return Ok(Self::DockerArchive { file: rest.into() });
        }
        text.parse().map(Self::Registry)
    }
}

impl FromStr for Repository {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (before, digest) = match text.split_once('@') {
            // Only a digest may follow an `@`; anything else may be the host after a password.
            Some((before, digest)) if digest.starts_with("sha256:") && !digest.contains('@') => {
                (before, Some(digest.parse()?))
            }
            Some(_) => return Err(InvalidReference::Credentials),
            None => (text, None),
        };
        if before.contains("://") {
            return Err(InvalidReference::Url);
        }
        let (registry, rest) = before
            .split_once('/')
            .ok_or_else(|| InvalidReference::NoRegistry(text.to_owned()))?;
        if !(registry.contains(['.', ':']) || registry == "localhost") {
            return Err(InvalidReference::NoRegistry(text.to_owned()));
        }
        if !is_host(registry) {
            return Err(InvalidReference::Host(registry.to_owned()));
        }
        let (name, tag) = match rest.split_once(':') {
            Some((name, tag)) => (name, Some(valid_tag(tag)?)),
            None => (rest, None),
        };
        if registry.len() + 1 + name.len() > MAX_NAME || !name.split('/').all(is_name_component) {
            return Err(InvalidReference::Name(name.to_owned()));
        }
        Ok(Self {
            registry: registry.to_owned(),
            name: name.to_owned(),
            tag,
            digest,
        })
    }
}

/// Splits `PATH[:TAG]`. A colon followed by a slash belongs to the path.
fn path_and_tag(text: &str) -> Result<(PathBuf, Option<String>), InvalidReference> {
    let (path, tag) = match text.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(valid_tag(tag)?)),
        _ => (text, None),
    };
    if path.is_empty() || path.contains('\0') {
        return Err(InvalidReference::Empty(text.to_owned()));
    }
    Ok((path.into(), tag))
}

/// Whether a text can be a tag.
pub fn valid_tag(text: &str) -> Result<String, InvalidReference> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let fits = (1..=MAX_TAG).contains(&text.len())
        && text
            .bytes()
            .enumerate()
            .all(|(index, byte)| word(byte) || (index > 0 && matches!(byte, b'.' | b'-')));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(InvalidReference::Tag(text.to_owned()))
    }
}

/// `HOST[:PORT]`, where the host is a name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else {
                return false;
            };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            ("", port)
        }
        None => match text.find(':') {
            Some(colon) => text.split_at(colon),
            None => (text, ""),
        },
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let host_fits = text.starts_with('[') || host.split('.').all(label);
    let port_fits = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            digits.bytes().all(|byte| byte.is_ascii_digit())
                && digits.parse::<u16>().is_ok_and(|port| port > 0)
        });
    host_fits && port_fits
}

/// `[a-z0-9]+` groups joined by one `.`, one or two `_`, or any number of `-`.
fn is_name_component(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut separator = String::new();
    let mut started = false;
    for byte in text.bytes() {
        if word(byte) {
            let joined = matches!(separator.as_str(), "" | "." | "_" | "__")
                || separator.bytes().all(|byte| byte == b'-');
            if !joined || (!started && !separator.is_empty()) {
                return false;
            }
            started = true;
            separator.clear();
        } else if matches!(byte, b'.' | b'_' | b'-') {
            separator.push(char::from(byte));
        } else {
            return false;
        }
    }
    started && separator.is_empty()
}

#[cfg(test)]
mod tests;
