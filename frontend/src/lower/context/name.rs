//! Names of contexts: those of images, for a platform or for all.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use krunner::platform::Platform;

/// `NAME` or `NAME::PLATFORM`, in the one form that clients make of all that mean the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextName {
    /// The name, such as `python-arm64`.
    pub name: String,
    /// The only platform that it is for.
    pub platform: Option<Platform>,
}

impl FromStr for ContextName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let of = |(name, platform): (&str, &str)| Some((name.to_owned(), platform.parse().ok()?));
        // The name of another platform stays part of the name: then nobody asks for it.
        let (name, platform) = match text.rsplit_once("::").and_then(of) {
            Some((name, platform)) => (name, Some(platform)),
            None => (text.to_owned(), None),
        };
        let mut short = name.as_str();
        for registry in ["docker.io/", "index.docker.io/"] {
            short = short.strip_prefix(registry).unwrap_or(short);
        }
        short = short.strip_prefix("library/").unwrap_or(short);
        short = short.strip_suffix(":latest").unwrap_or(short);
        Ok(Self {
            name: short.to_owned(),
            platform,
        })
    }
}

impl fmt::Display for ContextName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.platform {
            Some(platform) => write!(f, "::{platform}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_the_same_are_the_same() {
        for (text, name) in [
            ("python-amd64", "python-amd64"),
            ("python-amd64:latest", "python-amd64"),
            ("docker.io/library/python-amd64:latest", "python-amd64"),
            ("index.docker.io/a/b", "a/b"),
            ("python::linux/arm64/v8", "python::linux/arm64"),
            ("python:latest::linux/amd64", "python::linux/amd64"),
            ("python::windows/amd64", "python::windows/amd64"),
            ("python:3", "python:3"),
        ] {
            let found: ContextName = text.parse().unwrap();
            assert_eq!(found.to_string(), name, "{text}");
        }
    }
}
