//! The platforms that volumes are built for: an operating system and a processor architecture,
//! named as the OCI image specification names them.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A processor architecture that a volume can be built for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// x86-64, which the kernel and Python call `x86_64`.
    Amd64,
    /// 64-bit Arm, which the kernel and Python call `aarch64`.
    Arm64,
}

impl Architecture {
    /// The name in OCI and Docker: `amd64` or `arm64`.
    pub fn oci(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The name that `uname -m`, wheel tags and volume names use: `x86_64` or `aarch64`.
    pub fn machine(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// The file name of glibc's dynamic loader.
    pub fn glibc_loader(self) -> &'static str {
        match self {
            Self::Amd64 => "ld-linux-x86-64.so.2",
            Self::Arm64 => "ld-linux-aarch64.so.1",
        }
    }
}

/// An OCI platform. Only Linux has containers that mount a krunner, so only the architecture varies.
///
/// Parses and displays as `linux/amd64` or `linux/arm64`; the variant `v8` of arm64 is its
/// baseline and is dropped, as BuildKit's normalisation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// The processor architecture.
    pub architecture: Architecture,
}

impl Platform {
    /// `linux/amd64`.
    pub const AMD64: Self = Self {
        architecture: Architecture::Amd64,
    };
    /// `linux/arm64`.
    pub const ARM64: Self = Self {
        architecture: Architecture::Arm64,
    };

    /// The platform that this program was made for.
    pub fn host() -> Self {
        if cfg!(target_arch = "aarch64") {
            Self::ARM64
        } else {
            Self::AMD64
        }
    }

    /// The operating system, always `linux`.
    pub fn os(self) -> &'static str {
        "linux"
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os(), self.architecture.oci())
    }
}

/// A platform that krunner does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unknown platform (known are linux/amd64 and linux/arm64): `{0}`")]
pub struct UnknownPlatform(String);

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "linux/amd64" | "linux/x86_64" | "linux/amd64/v1" => Ok(Self::AMD64),
            "linux/arm64" | "linux/aarch64" | "linux/arm64/v8" => Ok(Self::ARM64),
            _ => Err(UnknownPlatform(text.to_owned())),
        }
    }
}

impl Serialize for Platform {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Platform {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Platform {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Platform".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "enum": ["linux/amd64", "linux/arm64"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_reads_back_what_it_writes() {
        for platform in [Platform::AMD64, Platform::ARM64] {
            assert_eq!(platform.to_string().parse(), Ok(platform));
        }
    }

    #[test]
    fn the_baseline_variant_is_dropped() {
        assert_eq!("linux/arm64/v8".parse(), Ok(Platform::ARM64));
    }

    #[test]
    fn an_unknown_platform_is_named_in_the_error() {
        let error = "windows/amd64".parse::<Platform>().unwrap_err();
        assert!(error.to_string().contains("`windows/amd64`"));
    }
}
