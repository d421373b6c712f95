//! The rules about one platform's documents: its manifest, its config, and that they say the same.

use std::collections::BTreeMap;

use super::Judge;
use crate::artifact::compose::OWN_PREFIX;
use crate::artifact::config::Config;
use crate::artifact::document::{Descriptor, MAX_DOCUMENT, Manifest};
use crate::artifact::verifier::read_capped;
use crate::artifact::{Error, media};
use crate::labels::{ARTIFACT_TYPE, keys};

impl Judge<'_> {
    pub(super) fn manifest(
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
        self.types(&name, descriptor, &manifest, entry);
        let config = self.config(&name, &manifest, entry)?;
        self.agree(&name, &manifest, entry, config.as_ref());
        self.annotations.push(manifest.annotations.clone());
        let diff_ids = config
            .map(|config| config.rootfs.diff_ids)
            .unwrap_or_default();
        self.layers(&name, &manifest, &diff_ids)
    }

    /// Whether a manifest is of the types that it should be of, wherever they stand.
    pub(super) fn types(
        &mut self,
        name: &str,
        descriptor: &Descriptor,
        manifest: &Manifest,
        entry: Option<&Descriptor>,
    ) {
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
    }

    pub(super) fn config(
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

    pub(super) fn agree(
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
}
