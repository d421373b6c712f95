//! The keys of a lock that are read, with their places.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Value};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Lock {
    #[serde(rename = "lock-version")]
    pub(super) format: Spanned<String>,
    pub(super) requires_python: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) environments: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Package {
    pub(super) name: Spanned<String>,
    pub(super) version: Option<Spanned<String>>,
    pub(super) marker: Option<Spanned<String>>,
    pub(super) requires_python: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) wheels: Vec<Spanned<Wheel>>,
    pub(super) sdist: Option<Value>,
    pub(super) vcs: Option<Value>,
    pub(super) directory: Option<Value>,
    pub(super) archive: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Wheel {
    pub(super) name: Option<String>,
    pub(super) url: Option<String>,
    pub(super) path: Option<String>,
    pub(super) size: Option<u64>,
    #[serde(default)]
    pub(super) hashes: BTreeMap<String, String>,
}
