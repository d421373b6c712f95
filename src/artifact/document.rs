//! The JSON documents of the OCI image specification, as far as volumes need them.
//!
//! Fields are written in the order of the specification and maps in the order of their keys, so that the same
//! artifact always has the same digest. (The types of `oci-spec` keep annotations in hash maps and so have no
//! stable bytes.) Unknown fields are passed over when reading, as the specification demands.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::Error;
use crate::digest::Digest;
use crate::labels::keys;
use crate::platform::Platform;

/// The largest manifest, index or config that is read. Registries and clients agree on 4 MiB.
pub const MAX_DOCUMENT: u64 = 4 << 20;
/// More manifests than any volume has platforms; an index that lists more is not read on.
pub const MAX_MANIFESTS: usize = 100;
/// More layers than any volume has stages.
pub const MAX_LAYERS: usize = 64;

/// What the operating system must be able to do for an EROFS twin, in `os.features`.
pub const EROFS_FEATURE: &str = "erofs";

/// Where some content is: its type, digest and size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The content's media type.
    pub media_type: String,
    /// The content's digest.
    pub digest: Digest,
    /// The content's size in bytes.
    pub size: u64,
    /// Where else the content may be. Never asked, and so nothing that has them is complete for us.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub urls: Vec<String>,
    /// The content itself in base64, if it is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// What the content is for, if it is a manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What the content runs on, if it is a manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<PlatformFields>,
    /// Annotations.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// The descriptor of `content`, without anything optional.
    pub fn of(media_type: &str, content: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(content),
            size: content.len() as u64,
            urls: Vec::new(),
            data: None,
            artifact_type: None,
            platform: None,
            annotations: BTreeMap::new(),
        }
    }

    /// The descriptor of `content`, which it carries.
    pub fn inline(media_type: &str, content: &[u8]) -> Self {
        Self {
            data: Some(STANDARD.encode(content)),
            ..Self::of(media_type, content)
        }
    }

    /// The content that the descriptor carries, if it does and if it is the right one.
    pub fn inlined(&self) -> Option<Vec<u8>> {
        let content = STANDARD.decode(self.data.as_deref()?).ok()?;
        (content.len() as u64 == self.size && Digest::of(&content) == self.digest)
            .then_some(content)
    }

    /// The platform, if it is one that volumes are built for and nothing more special.
    pub fn known_platform(&self) -> Option<Platform> {
        self.platform.as_ref().and_then(PlatformFields::known)
    }

    /// The platform, if this is an EROFS twin of a plain manifest for it.
    pub fn twin_platform(&self) -> Option<Platform> {
        let fields = self.platform.as_ref()?;
        if fields.os_features != [EROFS_FEATURE] {
            return None;
        }
        let plain = PlatformFields {
            os_features: Vec::new(),
            ..fields.clone()
        };
        plain.known()
    }

    /// Checks that `content` is what the descriptor describes: size first, then digest.
    pub fn check(&self, content: &[u8]) -> Result<(), Error> {
        if content.len() as u64 != self.size {
            return Err(Error::Size {
                digest: self.digest,
                expected: self.size,
                actual: content.len() as u64,
            });
        }
        let actual = Digest::of(content);
        if actual != self.digest {
            return Err(Error::Digest {
                expected: self.digest,
                actual,
            });
        }
        Ok(())
    }
}

/// A platform as documents write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformFields {
    /// The processor architecture.
    pub architecture: String,
    /// The operating system.
    pub os: String,
    /// Features of the operating system that are needed.
    #[serde(rename = "os.features", default, skip_serializing_if = "Vec::is_empty")]
    pub os_features: Vec<String>,
    /// The processor's variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl PlatformFields {
    /// The platform, if it is one that volumes are built for. A micro-architecture variant is not its baseline.
    pub fn known(&self) -> Option<Platform> {
        if !self.os_features.is_empty() {
            return None;
        }
        let mut text = format!("{}/{}", self.os, self.architecture);
        if let Some(variant) = self
            .variant
            .as_deref()
            .filter(|variant| !variant.is_empty())
        {
            text.push('/');
            text.push_str(variant);
        }
        text.parse().ok()
    }
}

impl fmt::Display for PlatformFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("{}/{}", self.os, self.architecture);
        if let Some(part) = self.variant.as_deref().filter(|it| !it.is_empty()) {
            text.push('/');
            text.push_str(part);
        }
        for feature in &self.os_features {
            text.push('+');
            text.push_str(feature);
        }
        f.write_str(&super::media::plain(&text, 64))
    }
}

impl From<Platform> for PlatformFields {
    fn from(platform: Platform) -> Self {
        Self {
            architecture: platform.architecture.oci().to_owned(),
            os: platform.os().to_owned(),
            os_features: Vec::new(),
            variant: None,
        }
    }
}

/// The list of manifests, one for each platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// The type of this document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What the manifests are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
    /// What the index is about, if it refers to something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Annotations.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
}

/// One platform's config and layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// The type of this document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What the layers are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The config.
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// What the manifest is about, if it refers to something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Annotations.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// Reads an index.
    pub fn parse(content: &[u8]) -> Result<Self, Error> {
        let index: Self = parse(content, "index")?;
        if index.manifests.len() > MAX_MANIFESTS {
            return Err(Error::TooMany("manifests", index.manifests.len()));
        }
        Ok(index)
    }

    /// The EROFS twin of one of the manifests, if it has one: last in the index, for the same platform, and naming it.
    pub fn twin(&self, plain: &Descriptor) -> Option<&Descriptor> {
        let platform = plain.known_platform()?;
        let digest = plain.digest.to_string();
        self.manifests.iter().find(|entry| {
            super::media::is_manifest(&entry.media_type)
                && entry.twin_platform() == Some(platform)
                && entry.annotations.get(keys::EROFS_OF) == Some(&digest)
        })
    }

    /// The index's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(Error::Write)
    }
}

impl Manifest {
    /// Reads a manifest.
    pub fn parse(content: &[u8]) -> Result<Self, Error> {
        let manifest: Self = parse(content, "manifest")?;
        if manifest.layers.len() > MAX_LAYERS {
            return Err(Error::TooMany("layers", manifest.layers.len()));
        }
        Ok(manifest)
    }

    /// The manifest's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(Error::Write)
    }
}

/// Reads a document that was already held against a digest, so its name in the error is enough.
pub(super) fn parse<T: DeserializeOwned>(content: &[u8], kind: &'static str) -> Result<T, Error> {
    serde_json::from_slice(content).map_err(|source| Error::Document { kind, source })
}

/// Go programs write empty maps as `null`.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
