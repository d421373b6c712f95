//! Levels of C libraries, as wheel tags name them: `2.17` for glibc, `1.2` for musl.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A text that is no level of a C library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Not a {libc} version (expected {expected}): `{text}`")]
pub struct InvalidLevel {
    libc: &'static str,
    expected: &'static str,
    text: String,
}

macro_rules! level {
    ($(#[$doc:meta])* $name:ident, $libc:literal, $major:literal, $minor:expr, $expected:literal, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name {
            minor: u8,
        }

        impl $name {
            /// The number after the point.
            pub fn minor(self) -> u8 {
                self.minor
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.{}", $major, self.minor)
            }
        }

        impl FromStr for $name {
            type Err = InvalidLevel;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(concat!($major, "."))
                    // `u8::from_str` takes a sign and leading zeros, which no tag has.
                    .filter(|minor| minor.bytes().all(|byte| byte.is_ascii_digit()))
                    .filter(|minor| *minor == "0" || !minor.starts_with('0'))
                    .and_then(|minor| minor.parse().ok())
                    .filter(|minor| $minor.contains(minor))
                    .map(|minor| Self { minor })
                    .ok_or_else(|| InvalidLevel {
                        libc: $libc,
                        expected: $expected,
                        text: text.to_owned(),
                    })
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidLevel;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(level: $name) -> Self {
                level.to_string()
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "format": $libc,
                    "pattern": $pattern,
                    "examples": [Self::default().to_string()],
                })
            }
        }
    };
}

level!(
    /// A version of glibc. The first with a wheel tag is 2.5; no tag goes beyond two digits.
    Glibc,
    "glibc",
    2,
    5..=99,
    "`2.5` to `2.99`",
    r"^2\.([5-9]|[1-9][0-9])$"
);
level!(
    /// A version of musl, such as 1.2.
    Musl,
    "musl",
    1,
    0..=99,
    "`1.0` to `1.99`",
    r"^1\.([0-9]|[1-9][0-9])$"
);

impl Default for Glibc {
    /// 2.17, the level of `manylinux2014`: what the oldest supported images have.
    fn default() -> Self {
        Self { minor: 17 }
    }
}

impl Default for Musl {
    /// 1.2, the level of every Alpine since 3.13.
    fn default() -> Self {
        Self { minor: 2 }
    }
}
