//! What a volume is to be, from `volume-opt`.

use std::collections::BTreeMap;

use crate::platform::{Platform, UnknownPlatform};

/// Options of a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `ref`: a reference, or the name of one that is followed.
    pub reference: String,
    /// `platform`: that of the image which mounts it, if it is not the node's.
    pub platform: Option<Platform>,
    /// `pull`: whether to ask the registry at every mount, and not only when the volume is not there.
    pub fresh: bool,
}

/// Why options are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// No reference.
    #[error("Option `ref` is missing: `volume-opt=ref=REGISTRY/NAME:TAG`")]
    NoReference,
    /// A platform that nobody knows.
    #[error(transparent)]
    Platform(#[from] UnknownPlatform),
    /// A way to pull that nobody knows.
    #[error("Option `pull` is `missing` or `always`, not `{0}`")]
    Pull(String),
    /// An option that nobody knows.
    #[error("Unknown option `{0}`; there are `ref`, `platform` and `pull`")]
    Unknown(String),
}

impl Options {
    /// Reads options. One that is not known is an error, for it is one that was mistyped.
    pub fn parse(options: &BTreeMap<String, String>) -> Result<Self, Invalid> {
        let mut found = Self {
            reference: String::new(),
            platform: None,
            fresh: false,
        };
        for (key, value) in options {
            match key.as_str() {
                "ref" => found.reference.clone_from(value),
                "platform" => found.platform = Some(value.parse()?),
                "pull" => {
                    found.fresh = match value.as_str() {
                        "missing" => false,
                        "always" => true,
                        other => return Err(Invalid::Pull(other.escape_debug().to_string())),
                    };
                }
                other => return Err(Invalid::Unknown(other.escape_debug().to_string())),
            }
        }
        if found.reference.is_empty() {
            return Err(Invalid::NoReference);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &[(&str, &str)]) -> Result<Options, Invalid> {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Options::parse(&options.iter().map(pair).collect())
    }

    #[test]
    fn options_say_what_and_for_whom() {
        let options = parse(&[
            ("ref", "a"),
            ("platform", "linux/arm64"),
            ("pull", "always"),
        ]);
        let options = options.unwrap();
        assert_eq!(options.platform, Some(Platform::ARM64));
        assert!(options.fresh);
        assert!(!parse(&[("ref", "a"), ("pull", "missing")]).unwrap().fresh);
    }

    #[test]
    fn what_is_mistyped_is_said() {
        for options in [
            &[][..],
            &[("ref", "a"), ("pull", "yes")],
            &[("ref", "a"), ("platform", "amd64")],
            &[("reference", "a")],
        ] {
            parse(options).unwrap_err();
        }
    }
}
