//! Every rule of `docs/artifact.md`, held against an artifact: which of them holds, and what breaks the others.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::path::PathBuf;

use serde::Serialize;

use super::compose::{OWN_PREFIX, TITLE};
use super::compression::decompress;
use super::config::Config;
use super::document::{Descriptor, Index, MAX_DOCUMENT, Manifest};
use super::progress::{Reported, Reporter};
use super::tarball::{self, Budget, Kind};
use super::transfer::{BlobSource, Document, Failure};
use super::verifier::{Verifier, read_capped};
use super::{Error, links, media, referrers};
use crate::digest::Digest;
use crate::labels::{ARTIFACT_TYPE, keys};
use crate::platform::Platform;

/// The rules by their names, in the order of the page.
const RULES: [(&str, &str); 10] = [
    (
        "documents",
        "Every document is what its descriptor says, and parses",
    ),
    (
        "index",
        "The root is an index with our artifact type and one manifest for each platform",
    ),
    (
        "order",
        "linux/amd64 comes first, then linux/arm64, then everything special",
    ),
    (
        "manifests",
        "Every manifest is an image manifest with our artifact type, and so is its descriptor",
    ),
    (
        "config",
        "Every config is inlined, tells the platform, and says nothing about how to run",
    ),
    (
        "annotations",
        "Annotations agree between index, descriptors, manifests and config",
    ),
    (
        "layers",
        "Every layer is a compressed tar with a title and a diff_id",
    ),
    (
        "contents",
        "Every layer unpacks to its diff_id, and contains what a volume may contain",
    ),
    (
        "paths",
        "Every path is in one layer, and no link leads out of the volume",
    ),
    (
        "referrers",
        "Everything that refers to the artifact can be read and names what it refers to",
    ),
];

/// What an artifact looks like in the light of the rules.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The artifact's digest.
    pub digest: Digest,
    /// Every rule.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What it demands.
    pub demands: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// What breaks it.
    pub broken: Vec<String>,
}

impl Verdict {
    /// Whether every rule holds.
    pub fn holds(&self) -> bool {
        self.rules.iter().all(|rule| rule.holds)
    }
}

/// Holds an artifact against every rule. Reads all of it. Only a place that cannot be read is an error.
pub fn verify(source: &dyn BlobSource, reporter: &dyn Reporter) -> Result<Verdict, Error> {
    let root = source.root()?;
    let mut judge = Judge {
        source,
        reporter,
        broken: BTreeMap::new(),
        annotations: Vec::new(),
    };
    judge.root(&root)?;
    let rules = RULES
        .iter()
        .map(|(name, demands)| {
            let broken = judge.broken.remove(name).unwrap_or_default();
            Rule {
                name,
                demands,
                holds: broken.is_empty(),
                broken,
            }
        })
        .collect();
    Ok(Verdict {
        digest: root.descriptor.digest,
        rules,
    })
}

struct Judge<'a> {
    source: &'a dyn BlobSource,
    reporter: &'a dyn Reporter,
    broken: BTreeMap<&'static str, Vec<String>>,
    /// Of every manifest.
    annotations: Vec<BTreeMap<String, String>>,
}

impl Judge<'_> {
    fn breaks(&mut self, rule: &'static str, what: impl Into<String>) {
        self.broken.entry(rule).or_default().push(what.into());
    }

    /// An error is what breaks a rule, unless it says nothing about the artifact.
    fn note(&mut self, rule: &'static str, error: Error) -> Result<(), Error> {
        if error.is_transient() {
            return Err(error);
        }
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        self.breaks(rule, text);
        Ok(())
    }

    fn root(&mut self, root: &Document) -> Result<(), Error> {
        if media::is_manifest(&root.descriptor.media_type) {
            self.breaks("index", "It is one manifest and no index");
            self.manifest(&root.descriptor, &root.content, None)?;
            return self.referrers(&root.descriptor.digest);
        }
        if root.descriptor.media_type != media::INDEX {
            self.breaks(
                "index",
                format!("Its type is `{}`", root.descriptor.media_type),
            );
        }
        let index = match Index::parse(&root.content) {
            Ok(index) => index,
            Err(error) => return self.note("documents", error),
        };
        if index.artifact_type.as_deref() != Some(ARTIFACT_TYPE) {
            let found = index.artifact_type.as_deref().unwrap_or("none");
            self.breaks("index", format!("Its artifact type is `{found}`"));
        }
        self.order(&index);
        for descriptor in &index.manifests {
            if !media::is_manifest(&descriptor.media_type) {
                let what = format!(
                    "`{}` is of type `{}`",
                    descriptor.digest, descriptor.media_type
                );
                self.breaks("manifests", what);
                continue;
            }
            let content = self
                .source
                .manifest(descriptor)
                .map_err(Error::from)
                .and_then(|content| descriptor.check(&content).map(|()| content));
            match content {
                Ok(content) => self.manifest(descriptor, &content, Some(descriptor))?,
                Err(error) => self.note("documents", error)?,
            }
        }
        for (key, value) in &index.annotations {
            if self
                .annotations
                .iter()
                .any(|other| other.get(key) != Some(value))
            {
                self.breaks(
                    "annotations",
                    format!("The index says `{key} = {value}`, and not every manifest does"),
                );
            }
        }
        self.referrers(&root.descriptor.digest)
    }

    /// Baselines in their order and once, and nothing before them that a client without eyes would take.
    fn order(&mut self, index: &Index) {
        let mut special = false;
        let mut seen: Vec<Platform> = Vec::new();
        for entry in &index.manifests {
            let Some(platform) = entry.known_platform() else {
                special = true;
                if entry.platform.is_none() {
                    self.breaks("index", format!("`{}` has no platform", entry.digest));
                }
                continue;
            };
            if special {
                self.breaks(
                    "order",
                    format!("`{platform}` comes after something special"),
                );
            }
            if seen.contains(&platform) {
                self.breaks("index", format!("`{platform}` is there twice"));
            } else if seen.last().is_some_and(|last| *last > platform) {
                self.breaks("order", format!("`{platform}` is not where it belongs"));
            }
            seen.push(platform);
        }
        if seen.is_empty() {
            self.breaks("index", "It has nothing for linux/amd64 or linux/arm64");
        }
    }

    fn manifest(
        &mut self,
        descriptor: &Descriptor,
        content: &[u8],
        entry: Option<&Descriptor>,
    ) -> Result<(), Error> {
        let manifest = match Manifest::parse(content) {
            Ok(manifest) => manifest,
            Err(error) => return self.note("documents", error),
        };
        let name = entry
            .and_then(|entry| entry.platform.as_ref())
            .map_or_else(|| descriptor.digest.to_string(), ToString::to_string);
        let own = manifest.media_type.as_deref() == Some(media::MANIFEST)
            && descriptor.media_type == media::MANIFEST;
        if !own {
            self.breaks("manifests", format!("`{name}` is no OCI image manifest"));
        }
        let is_ours = |found: &Option<String>| found.as_deref() == Some(ARTIFACT_TYPE);
        if !is_ours(&manifest.artifact_type) {
            let found = manifest.artifact_type.as_deref().unwrap_or("none");
            self.breaks(
                "manifests",
                format!("`{name}` has the artifact type `{found}`"),
            );
        }
        if entry.is_some_and(|entry| !is_ours(&entry.artifact_type)) {
            self.breaks(
                "manifests",
                format!("`{name}` has another artifact type in the index"),
            );
        }
        let config = self.config(&name, &manifest, entry)?;
        self.agree(&name, &manifest, entry, config.as_ref());
        self.annotations.push(manifest.annotations.clone());
        let diff_ids = config
            .map(|config| config.rootfs.diff_ids)
            .unwrap_or_default();
        self.layers(&name, &manifest, &diff_ids)
    }

    fn config(
        &mut self,
        name: &str,
        manifest: &Manifest,
        entry: Option<&Descriptor>,
    ) -> Result<Option<Config>, Error> {
        let descriptor = &manifest.config;
        if descriptor.inlined().is_none() {
            self.breaks(
                "config",
                format!("`{name}` does not carry its config in the descriptor"),
            );
        }
        if descriptor.media_type != media::CONFIG {
            let found = &descriptor.media_type;
            self.breaks("config", format!("`{name}` has a config of type `{found}`"));
        }
        let content = self
            .source
            .blob(descriptor)
            .map_err(Error::from)
            .and_then(|blob| read_capped(blob, MAX_DOCUMENT, &descriptor.digest.to_string()))
            .and_then(|content| descriptor.check(&content).map(|()| content));
        let content = match content {
            Ok(content) => content,
            Err(error) => return self.note("documents", error).map(|()| None),
        };
        let config = match Config::parse(&content) {
            Ok(config) => config,
            Err(error) => return self.note("documents", error).map(|()| None),
        };
        let told = entry.and_then(|entry| entry.platform.as_ref());
        if told.is_some_and(|told| told.os != config.os || told.architecture != config.architecture)
        {
            let found = format!("{}/{}", config.os, config.architecture);
            self.breaks("config", format!("`{name}` has a config for `{found}`"));
        }
        let raw: serde_json::Value = serde_json::from_slice(&content).unwrap_or_default();
        for (key, value) in raw["config"].as_object().into_iter().flatten() {
            if key != "Labels" && !value.is_null() {
                self.breaks("config", format!("`{name}` says how to run, with `{key}`"));
            }
        }
        for label in config
            .config
            .labels
            .keys()
            .filter(|label| *label != keys::VERSION)
        {
            self.breaks("config", format!("`{name}` has the label `{label}`"));
        }
        if config.layer_history().count() != manifest.layers.len() {
            self.breaks(
                "config",
                format!("`{name}` has not one history entry for each layer"),
            );
        }
        if config.rootfs.diff_ids.len() != manifest.layers.len() {
            self.breaks(
                "layers",
                format!("`{name}` has not one diff_id for each layer"),
            );
        }
        Ok(Some(config))
    }

    fn agree(
        &mut self,
        name: &str,
        manifest: &Manifest,
        entry: Option<&Descriptor>,
        config: Option<&Config>,
    ) {
        let said = &manifest.annotations;
        if !said.contains_key(keys::VERSION) {
            self.breaks(
                "annotations",
                format!("`{name}` has no `{}`", keys::VERSION),
            );
        }
        let label = config.and_then(|config| config.config.labels.get(keys::VERSION));
        if label != said.get(keys::VERSION) {
            self.breaks(
                "annotations",
                format!("`{name}` has another version in its config's label"),
            );
        }
        let Some(entry) = entry else { return };
        let own = |annotations: &BTreeMap<String, String>| -> BTreeMap<String, String> {
            let mut own = annotations.clone();
            own.retain(|key, _| key.starts_with(OWN_PREFIX));
            own
        };
        if own(&entry.annotations) != own(said) {
            self.breaks(
                "annotations",
                format!("`{name}` is described otherwise in the index than by itself"),
            );
        }
    }

    fn layers(
        &mut self,
        name: &str,
        manifest: &Manifest,
        diff_ids: &[Digest],
    ) -> Result<(), Error> {
        let mut titles = BTreeSet::new();
        let mut owners: BTreeMap<PathBuf, bool> = BTreeMap::new();
        let mut symlinks = BTreeMap::new();
        let budget = Budget::default();
        for (number, layer) in manifest.layers.iter().enumerate() {
            let title = layer.annotations.get(TITLE).cloned().unwrap_or_default();
            let shown = match media::plain(&title, 64) {
                title if title.is_empty() => format!("{name} layer {}", number + 1),
                title => format!("{name} {title}"),
            };
            let usable = !title.is_empty()
                && !title.contains(['/', '\\', '\0'])
                && title != ".."
                && titles.insert(title.clone());
            if !usable {
                self.breaks(
                    "layers",
                    format!("`{shown}` has no title of its own that names a file"),
                );
            }
            if ![media::LAYER_ZSTD, media::LAYER_GZIP].contains(&layer.media_type.as_str()) {
                self.breaks(
                    "layers",
                    format!("`{shown}` is of type `{}`", layer.media_type),
                );
            }
            let task = self.reporter.start(&media::plain(&title, 16), layer.size);
            let mut twice = Vec::new();
            let read = self
                .source
                .blob(layer)
                .map_err(io::Error::other)
                .and_then(|blob| {
                    let blob = Verifier::new(Reported::new(blob, task), layer);
                    // To the end of the blob, which what unpacks need not reach.
                    let mut blob = io::BufReader::new(blob);
                    let digest = tarball::read(
                        decompress(&mut blob)?,
                        layer.size,
                        &budget,
                        &mut |entry, _| {
                            let folder = entry.kind == Kind::Folder;
                            let before = owners.insert(entry.path.clone(), folder);
                            if before.is_some_and(|was_folder| !(was_folder && folder)) {
                                twice.push(entry.path.display().to_string());
                            }
                            if let Kind::Symlink(target) = &entry.kind {
                                symlinks.insert(entry.path.clone(), target.clone());
                            }
                            Ok(())
                        },
                    )?;
                    if blob.read(&mut [0])? > 0 {
                        return Err(tarball::Refused::Trailing.into());
                    }
                    Ok(digest)
                });
            for path in twice {
                self.breaks("paths", format!("`{path}` is in two layers of `{name}`"));
            }
            match read {
                Ok(digest) if diff_ids.get(number).is_none_or(|wanted| *wanted == digest) => {}
                Ok(digest) => {
                    self.breaks("contents", format!("`{shown}` unpacks to `{digest}`"));
                }
                Err(error) => {
                    let error = match error.downcast::<Failure>() {
                        Ok(failure) => Error::Transfer(failure),
                        Err(source) => Error::Layer {
                            layer: shown,
                            source,
                        },
                    };
                    self.note("contents", error)?;
                }
            }
        }
        if let Err(refused) = links::check(&symlinks) {
            self.breaks("paths", format!("`{name}`: {refused}"));
        }
        Ok(())
    }

    fn referrers(&mut self, subject: &Digest) -> Result<(), Error> {
        match referrers::of(self.source, subject) {
            Ok(_) => Ok(()),
            Err(error) => self.note("referrers", error),
        }
    }
}
