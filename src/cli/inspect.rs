//! `krunner inspect`: what an artifact consists of, without fetching its layers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::output::Output;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::artifact::{BlobSource, Descriptor, Index, Manifest, media};
use crate::digest::Digest;

/// Show an artifact's platforms, layers, sizes and annotations
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  krunner inspect registry.example.com/krunner:15
  krunner inspect oci:published --output json")]
pub(super) struct Inspect {
    /// The artifact: REGISTRY/NAME[:TAG][@DIGEST], oci:DIR[:TAG] or oci-archive:FILE[:TAG]
    reference: String,
    #[command(flatten)]
    output: Output,
}

/// The whole artifact, as `--output json` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tree {
    reference: String,
    digest: Digest,
    media_type: String,
    artifact_type: Option<String>,
    annotations: BTreeMap<String, String>,
    manifests: Vec<Branch>,
}

/// One of its manifests.
#[derive(Serialize)]
struct Branch {
    descriptor: Descriptor,
    /// Nothing for a manifest of a kind that is not ours to look into.
    manifest: Option<Manifest>,
}

impl Inspect {
    /// Runs the verb.
    pub(super) fn run(&self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let tree = self.read(&*source::open(&self.reference.parse()?)?)?;
        match self.output.format {
            OutputFormat::Json => printer.json(&tree)?,
            OutputFormat::Text => printer.data(tree.draw()),
        }
        Ok(ExitStatus::Done)
    }

    fn read(&self, source: &dyn BlobSource) -> anyhow::Result<Tree> {
        let root = source.root()?;
        let mut tree = Tree {
            reference: self.reference.clone(),
            digest: root.descriptor.digest,
            media_type: root.descriptor.media_type.clone(),
            artifact_type: None,
            annotations: BTreeMap::new(),
            manifests: Vec::new(),
        };
        if media::is_manifest(&root.descriptor.media_type) {
            let manifest = Manifest::parse(&root.content)?;
            tree.artifact_type.clone_from(&manifest.artifact_type);
            tree.annotations.clone_from(&manifest.annotations);
            tree.manifests.push(Branch {
                descriptor: root.descriptor,
                manifest: Some(manifest),
            });
            return Ok(tree);
        }
        let index = Index::parse(&root.content)?;
        tree.artifact_type = index.artifact_type;
        tree.annotations = index.annotations;
        for descriptor in index.manifests {
            let manifest = if media::is_manifest(&descriptor.media_type) {
                let content = source.manifest(&descriptor)?;
                descriptor.check(&content)?;
                Some(Manifest::parse(&content)?)
            } else {
                None
            };
            tree.manifests.push(Branch {
                descriptor,
                manifest,
            });
        }
        Ok(tree)
    }
}

impl Tree {
    fn draw(&self) -> String {
        let mut text = format!("{}\n  digest  {}\n  type    ", self.reference, self.digest);
        text.push_str(self.artifact_type.as_deref().unwrap_or(&self.media_type));
        text.push('\n');
        for (key, value) in &self.annotations {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {} = {}", plain(key), plain(value));
        }
        for branch in &self.manifests {
            branch.draw(&mut text);
        }
        text
    }
}

impl Branch {
    fn draw(&self, text: &mut String) {
        let platform = self.descriptor.platform.as_ref();
        let platform = platform.map_or_else(
            || "manifest".to_owned(),
            |fields| plain(&format!("{}/{}", fields.os, fields.architecture)),
        );
        let layers = self
            .manifest
            .as_ref()
            .map_or(&[][..], |manifest| &manifest.layers);
        let bytes = layers
            .iter()
            .fold(0u64, |sum, layer| sum.saturating_add(layer.size));
        let _ = writeln!(
            text,
            "\n  {platform}  {}  {}",
            self.descriptor.digest,
            indicatif::HumanBytes(bytes)
        );
        for layer in layers {
            let title = layer
                .annotations
                .get("org.opencontainers.image.title")
                .map_or("-", String::as_str);
            let size = indicatif::HumanBytes(layer.size).to_string();
            let _ = writeln!(
                text,
                "    {:<20} {size:>12}  {}",
                plain(title),
                layer.digest
            );
        }
    }
}

/// Somebody else's text without what would move the cursor.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
