//! Every rule of `docs/artifact.md`, held against an artifact: which of them holds, and what breaks the others.

mod layers;
mod manifest;
mod twin;

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::Index;
use super::progress::Reporter;
use super::transfer::{BlobSource, Document};
use super::{Error, media, referrers};
use crate::digest::Digest;
use crate::labels::ARTIFACT_TYPE;
use crate::platform::Platform;

/// The rules by their names, in the order of the page.
const RULES: [(&str, &str); 12] = [
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
        "identity",
        "What a volume says about itself in `krunner.json` is what its annotations say",
    ),
    (
        "twins",
        "Every EROFS twin names the manifest that it is another form of, and is one image",
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
                Ok(content) if descriptor.twin_platform().is_some() => {
                    self.twin(descriptor, &content, &index)?;
                }
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

    fn referrers(&mut self, subject: &Digest) -> Result<(), Error> {
        match referrers::of(self.source, subject) {
            Ok(_) => Ok(()),
            Err(error) => self.note("referrers", error),
        }
    }
}
