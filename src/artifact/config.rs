//! The image config: what the layers contain and how they came about.
//!
//! Of somebody else's config only this is read; entry points, users and environments are never passed on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Error;
use super::document::{self, PlatformFields};
use crate::digest::Digest;
use crate::platform::Platform;

/// An image config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// When the image was made: a fixed time, the spec's epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The processor architecture.
    pub architecture: String,
    /// The operating system.
    pub os: String,
    /// What the operating system must be able to do.
    #[serde(
        rename = "os.features",
        default,
        deserialize_with = "document::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// The processor's variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// How containers would run: only the labels are of interest.
    #[serde(default, deserialize_with = "document::or_default")]
    pub config: Run,
    /// What the layers contain.
    pub rootfs: RootFs,
    /// How the layers came about.
    #[serde(
        default,
        deserialize_with = "document::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub history: Vec<History>,
}

/// How containers would run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Labels.
    #[serde(
        rename = "Labels",
        default,
        deserialize_with = "document::or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub labels: BTreeMap<String, String>,
}

/// What the layers contain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The digest of every layer's tar, lowest first.
    pub diff_ids: Vec<Digest>,
}

/// How one layer came about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// By what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// The stage's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Whether the entry stands for no layer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
}

impl Config {
    /// Reads a config.
    pub fn parse(content: &[u8]) -> Result<Self, Error> {
        document::parse(content, "config")
    }

    /// The config's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(Error::Write)
    }

    /// The platform, if it is one that volumes are built for.
    pub fn platform(&self) -> Result<Platform, Error> {
        PlatformFields {
            architecture: self.architecture.clone(),
            os: self.os.clone(),
            os_features: Vec::new(),
            variant: self.variant.clone(),
        }
        .known()
        .ok_or_else(|| Error::Platform(format!("{}/{}", self.os, self.architecture)))
    }

    /// The history entries that stand for layers, lowest first.
    pub fn layer_history(&self) -> impl Iterator<Item = &History> {
        self.history.iter().filter(|entry| !entry.empty_layer)
    }
}
