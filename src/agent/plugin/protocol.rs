//! What an engine asks.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Longer than any name or ID that an engine gives; what is longer has no place in a lease.
const MAX_TEXT: usize = 200;

/// A call of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Which protocols are spoken: the engine's first call.
    Activate,
    /// Whether volumes are of this node only.
    Capabilities,
    /// Remembers a volume.
    Create {
        /// Its name.
        name: String,
        /// `volume-opt`.
        options: BTreeMap<String, String>,
    },
    /// Forgets a volume.
    Remove {
        /// Its name.
        name: String,
    },
    /// Makes sure that a volume is there, for somebody.
    Mount {
        /// Its name.
        name: String,
        /// Who wants it: the engine's ID of one use by one container.
        id: String,
    },
    /// Ends that.
    Unmount {
        /// Its name.
        name: String,
        /// Who wanted it.
        id: String,
    },
    /// Where a volume is.
    Path {
        /// Its name.
        name: String,
    },
    /// What is known of a volume.
    Get {
        /// Its name.
        name: String,
    },
    /// What is known of all.
    List,
}

/// Why a request is no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A method that the protocol has not, or not yet.
    #[error("Unknown method: `{0}`")]
    Method(String),
    /// A body that does not say what it should.
    #[error("Not a request of the protocol: {0}")]
    Body(String),
    /// A name or an ID that cannot be one.
    #[error("Not a name of 1 to {MAX_TEXT} bytes without control characters")]
    Name,
}

/// All that any request has. What else engines may send one day is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    name: Option<String>,
    #[serde(rename = "ID")]
    id: Option<String>,
    opts: Option<BTreeMap<String, String>>,
}

impl Call {
    /// Every method, as it stands in the path of a request.
    pub const METHODS: [&str; 9] = [
        "/Plugin.Activate",
        "/VolumeDriver.Capabilities",
        "/VolumeDriver.Create",
        "/VolumeDriver.Get",
        "/VolumeDriver.List",
        "/VolumeDriver.Mount",
        "/VolumeDriver.Path",
        "/VolumeDriver.Remove",
        "/VolumeDriver.Unmount",
    ];

    /// Reads a request.
    pub fn parse(path: &str, body: &[u8]) -> Result<Self, Malformed> {
        if !Self::METHODS.contains(&path) {
            return Err(Malformed::Method(path.escape_debug().to_string()));
        }
        let body: Option<Body> = if body.trim_ascii().is_empty() {
            None
        } else {
            serde_json::from_slice(body).map_err(|error| Malformed::Body(error.to_string()))?
        };
        let body = body.unwrap_or_default();
        let text = |text: Option<String>| {
            let fits = |text: &String| {
                (1..=MAX_TEXT).contains(&text.len()) && !text.chars().any(char::is_control)
            };
            text.filter(fits).ok_or(Malformed::Name)
        };
        Ok(match path {
            "/Plugin.Activate" => Self::Activate,
            "/VolumeDriver.Capabilities" => Self::Capabilities,
            "/VolumeDriver.List" => Self::List,
            "/VolumeDriver.Create" => Self::Create {
                name: text(body.name)?,
                options: body.opts.unwrap_or_default(),
            },
            "/VolumeDriver.Remove" => Self::Remove {
                name: text(body.name)?,
            },
            "/VolumeDriver.Path" => Self::Path {
                name: text(body.name)?,
            },
            "/VolumeDriver.Get" => Self::Get {
                name: text(body.name)?,
            },
            "/VolumeDriver.Mount" => Self::Mount {
                name: text(body.name)?,
                id: text(body.id)?,
            },
            _ => Self::Unmount {
                name: text(body.name)?,
                id: text(body.id)?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn calls_are_read_as_engines_write_them() {
        let create = br#"{"Name":"v","Opts":{"ref":"a.example/b:1"},"New":1}"#;
        assert_eq!(
            Call::parse("/VolumeDriver.Create", create).unwrap(),
            Call::Create {
                name: "v".to_owned(),
                options: BTreeMap::from([("ref".to_owned(), "a.example/b:1".to_owned())]),
            }
        );
        let null = br#"{"Name":"v","Opts":null}"#;
        assert!(Call::parse("/VolumeDriver.Create", null).is_ok());
        let mount = br#"{"Name":"v","ID":"i"}"#;
        assert_eq!(
            Call::parse("/VolumeDriver.Mount", mount).unwrap(),
            Call::Mount {
                name: "v".to_owned(),
                id: "i".to_owned()
            }
        );
        assert_eq!(
            Call::parse("/Plugin.Activate", b"").unwrap(),
            Call::Activate
        );
        assert_eq!(
            Call::parse("/VolumeDriver.List", b"null\n").unwrap(),
            Call::List
        );
    }

    #[test]
    fn what_is_no_call_is_refused() {
        for (path, body) in [
            ("/VolumeDriver.Format", &b"{}"[..]),
            ("/VolumeDriver.Mount", b"{}"),
            ("/VolumeDriver.Mount", br#"{"Name":"v"}"#),
            ("/VolumeDriver.Mount", br#"{"Name":"v","ID":"a\nb"}"#),
            ("/VolumeDriver.Get", br#"{"Name":""}"#),
            ("/VolumeDriver.Get", br#"{"Name":5}"#),
            ("/VolumeDriver.Get", b"{"),
        ] {
            assert!(Call::parse(path, body).is_err(), "{path}");
        }
        let long = format!(r#"{{"Name":"{}"}}"#, "x".repeat(MAX_TEXT + 1));
        assert!(Call::parse("/VolumeDriver.Get", long.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(method in 0..9usize, body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Call::parse(Call::METHODS[method], &body);
        }
    }
}
