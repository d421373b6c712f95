//! What was found in the finished trees of a volume.

use std::collections::BTreeMap;

use crate::digest::Digest;

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The program that looked, with its version behind a `-`.
    pub tool: String,
    /// Python packages that are installed, whether the plan knows them or the distribution brought them.
    pub installed: Vec<Installed>,
    /// Licence texts by the folder below `licenses` that holds them: `python`, `wheels/attrs`, `runtime/libc6`.
    pub licences: BTreeMap<String, Vec<Licence>>,
    /// Files that no digest was known of, by the name of their input.
    pub read: BTreeMap<String, Read>,
    /// What was changed in the sources of a component, a line each.
    pub patches: BTreeMap<String, Vec<String>>,
    /// The trees by their layer.
    pub trees: BTreeMap<String, Tree>,
}

/// A Python package, as its `METADATA` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// The layer that it lies in.
    pub layer: String,
    /// Normalised name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `License-Expression`.
    pub expression: Option<String>,
    /// `License`.
    pub licence: Option<String>,
    /// The `Classifier`s that are about licences.
    pub classifiers: Vec<String>,
    /// `Requires-Dist`.
    pub requires: Vec<String>,
    /// `Summary`.
    pub summary: Option<String>,
    /// Its home on the web.
    pub home: Option<String>,
}

/// One licence text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// Its path in the volume.
    pub path: String,
    /// The text, what is no UTF-8 replaced.
    pub text: String,
}

/// A file that was read to know its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its name.
    pub file: String,
    /// Its digest.
    pub sha256: Digest,
}

/// The size of a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Regular files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}
