//! What is another one in a new version of an artifact: layers, packages, files, and the bytes that a node fetches.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::contents::{self, File};
use super::document::Descriptor;
use super::progress::Reporter;
use super::transfer::BlobSource;
use super::volume::{Volume, volumes};
use super::{Error, media};
use crate::digest::Digest;

/// How a thing differs. In the order in which people want to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only in the new one.
    Added,
    /// Only in the old one.
    Removed,
    /// In both, and different.
    Changed,
    /// In both, and the same.
    Same,
}

/// What differs between two artifacts.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The old one's digest.
    pub old: Digest,
    /// The new one's digest.
    pub new: Digest,
    /// By platform.
    pub platforms: Vec<PlatformDifference>,
}

/// What differs for one platform.
#[derive(Clone, Debug, Serialize)]
pub struct PlatformDifference {
    /// The platform.
    pub platform: String,
    /// Whether the platform itself is new or gone.
    pub change: Change,
    /// The bytes that a node with the old volume fetches for the new one.
    pub fetched: u64,
    /// The bytes that a node without it fetches.
    pub whole: u64,
    /// Annotations that are others: key, old and new value.
    pub annotations: BTreeMap<String, (Option<String>, Option<String>)>,
    /// Every layer of either.
    pub layers: Vec<LayerDifference>,
    /// Packages that are others: name, old and new version.
    pub packages: BTreeMap<String, (Option<String>, Option<String>)>,
    /// Files that are others.
    pub files: BTreeMap<String, Change>,
}

/// What became of a layer.
#[derive(Clone, Debug, Serialize)]
pub struct LayerDifference {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub change: Change,
    /// Its size before.
    pub old: Option<u64>,
    /// Its size now.
    pub new: Option<u64>,
}

/// Compares two artifacts. Layers that both have are not read; the others are, if `files` are wanted.
pub fn difference(
    old: &dyn BlobSource,
    new: &dyn BlobSource,
    files: bool,
    reporter: &dyn Reporter,
) -> Result<Difference, Error> {
    let (old_digest, mut before) = volumes(old)?;
    let (new_digest, after) = volumes(new)?;
    let mut platforms = Vec::new();
    for (platform, volume) in &after {
        let was = before.remove(platform);
        let change = match &was {
            None => Change::Added,
            Some(was) if was.descriptor.digest == volume.descriptor.digest => Change::Same,
            Some(_) => Change::Changed,
        };
        let sides = (was.as_ref().map(|was| (old, was)), Some((new, volume)));
        platforms.push(compare(platform, change, sides, files, reporter)?);
    }
    for (platform, volume) in &before {
        let sides = (Some((old, volume)), None);
        platforms.push(compare(platform, Change::Removed, sides, files, reporter)?);
    }
    Ok(Difference {
        old: old_digest,
        new: new_digest,
        platforms,
    })
}

fn layers_of(side: Side<'_>) -> &[Descriptor] {
    side.map_or(&[], |(_, volume)| &volume.manifest.layers)
}

type Side<'a> = Option<(&'a dyn BlobSource, &'a Volume)>;

fn compare(
    platform: &str,
    change: Change,
    (old, new): (Side<'_>, Side<'_>),
    files: bool,
    reporter: &dyn Reporter,
) -> Result<PlatformDifference, Error> {
    let (before, after) = (layers_of(old), layers_of(new));
    let known: BTreeSet<Digest> = before.iter().map(|layer| layer.digest).collect();
    let manifest = new.map_or(0, |(_, volume)| volume.descriptor.size);
    let sum = |known: &BTreeSet<Digest>| {
        after
            .iter()
            .filter(|layer| !known.contains(&layer.digest))
            .fold(manifest, |sum, layer| sum.saturating_add(layer.size))
    };
    let annotations = |side: Side<'_>| {
        side.map(|(_, volume)| volume.manifest.annotations.clone())
            .unwrap_or_default()
    };
    let mut found = PlatformDifference {
        platform: platform.to_owned(),
        change,
        fetched: if change == Change::Same {
            0
        } else {
            sum(&known)
        },
        whole: sum(&BTreeSet::new()),
        annotations: pairs(annotations(old), annotations(new)),
        layers: layers(before, after),
        packages: BTreeMap::new(),
        files: BTreeMap::new(),
    };
    if files && matches!(change, Change::Changed) {
        let (old, new) = (
            side_files(old, new, reporter)?,
            side_files(new, old, reporter)?,
        );
        found.packages = pairs(contents::packages(&old), contents::packages(&new));
        found.files = changed_files(&old, &new);
    }
    Ok(found)
}

/// What became of every layer, told apart by their names.
fn layers(before: &[Descriptor], after: &[Descriptor]) -> Vec<LayerDifference> {
    let mut left: BTreeMap<String, &Descriptor> = before
        .iter()
        .map(|layer| (contents::layer_name(layer), layer))
        .collect();
    let mut found = Vec::new();
    for layer in after {
        let name = contents::layer_name(layer);
        let was = left.remove(&name);
        let change = match was {
            None => Change::Added,
            Some(was) if was.digest == layer.digest => Change::Same,
            Some(_) => Change::Changed,
        };
        found.push(LayerDifference {
            name,
            change,
            old: was.map(|was| was.size),
            new: Some(layer.size),
        });
    }
    found.extend(left.into_iter().map(|(name, layer)| LayerDifference {
        name,
        change: Change::Removed,
        old: Some(layer.size),
        new: None,
    }));
    found
}

/// The files of those layers that the other side does not have too.
fn side_files(
    side: Side<'_>,
    other: Side<'_>,
    reporter: &dyn Reporter,
) -> Result<BTreeMap<String, File>, Error> {
    let Some((source, volume)) = side else {
        return Ok(BTreeMap::new());
    };
    let shared: BTreeSet<Digest> = other
        .map(|(_, volume)| volume.manifest.layers.iter().map(|layer| layer.digest))
        .into_iter()
        .flatten()
        .collect();
    let mut files = BTreeMap::new();
    for layer in &volume.manifest.layers {
        if !shared.contains(&layer.digest) && media::is_layer(&layer.media_type) {
            files.extend(contents::files(source, layer, reporter)?);
        }
    }
    Ok(files)
}

fn changed_files(
    old: &BTreeMap<String, File>,
    new: &BTreeMap<String, File>,
) -> BTreeMap<String, Change> {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    paths
        .into_iter()
        .filter_map(|path| {
            let change = match (old.get(path), new.get(path)) {
                (None, _) => Change::Added,
                (_, None) => Change::Removed,
                (Some(old), Some(new)) if old != new => Change::Changed,
                _ => return None,
            };
            Some((path.clone(), change))
        })
        .collect()
}

/// Where two maps differ: the old and the new value.
fn pairs(
    old: BTreeMap<String, String>,
    mut new: BTreeMap<String, String>,
) -> BTreeMap<String, (Option<String>, Option<String>)> {
    let mut found = BTreeMap::new();
    for (key, was) in old {
        let is = new.remove(&key);
        if is.as_ref() != Some(&was) {
            found.insert(key, (Some(was), is));
        }
    }
    found.extend(new.into_iter().map(|(key, is)| (key, (None, Some(is)))));
    found
}
