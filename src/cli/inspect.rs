//! `krunner inspect`: what an artifact consists of, without fetching its layers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::output::Output;
use super::{ExitStatus, OutputFormat, Printer, source};
use crate::artifact::{
    self, BlobSource, Descriptor, Index, Manifest, SIGNATURE_TAGS, media, signature_tag,
};
use crate::digest::Digest;

/// Show an artifact as a tree: platforms, layers, sizes, annotations, and what refers to it
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    referrers: Vec<Leaf>,
}

/// One of its manifests.
#[derive(Serialize)]
struct Branch {
    descriptor: Descriptor,
    /// Nothing for a manifest of a kind that is not ours to look into.
    manifest: Option<Manifest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    referrers: Vec<Leaf>,
}

/// Something that refers to the artifact or to one of its manifests.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Leaf {
    kind: String,
    digest: Digest,
    /// What its layers hold.
    size: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    /// The tag that it is found by, where it is not listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
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
            referrers: Vec::new(),
        };
        tree.referrers = leaves(source, &root.descriptor.digest)?;
        if media::is_manifest(&root.descriptor.media_type) {
            let manifest = Manifest::parse(&root.content)?;
            tree.artifact_type.clone_from(&manifest.artifact_type);
            tree.annotations.clone_from(&manifest.annotations);
            tree.manifests.push(Branch {
                descriptor: root.descriptor,
                manifest: Some(manifest),
                referrers: Vec::new(),
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
                referrers: leaves(source, &descriptor.digest)?,
                descriptor,
                manifest,
            });
        }
        Ok(tree)
    }
}

/// Everything that refers to a digest: what is listed, and what cosign 2 keeps under tags.
fn leaves(source: &dyn BlobSource, subject: &Digest) -> anyhow::Result<Vec<Leaf>> {
    let size = |manifest: &Manifest| {
        manifest
            .layers
            .iter()
            .fold(0u64, |sum, layer| sum.saturating_add(layer.size))
    };
    let mut found: Vec<Leaf> = artifact::referrers(source, subject)?
        .into_iter()
        .map(|referrer| Leaf {
            kind: referrer.kind().to_owned(),
            digest: referrer.document.descriptor.digest,
            size: size(&referrer.manifest),
            annotations: referrer.manifest.annotations,
            tag: None,
        })
        .collect();
    for kind in SIGNATURE_TAGS {
        let tag = signature_tag(subject, kind);
        let Some(document) = source.tagged(&tag)? else {
            continue;
        };
        if !media::is_manifest(&document.descriptor.media_type) {
            continue;
        }
        let manifest = Manifest::parse(&document.content)?;
        found.push(Leaf {
            kind: manifest
                .layers
                .first()
                .map_or_else(String::new, |layer| layer.media_type.clone()),
            digest: document.descriptor.digest,
            size: size(&manifest),
            annotations: manifest.annotations,
            tag: Some(tag),
        });
    }
    Ok(found)
}

fn draw_leaves(text: &mut String, indent: &str, leaves: &[Leaf]) {
    for leaf in leaves {
        let size = indicatif::HumanBytes(leaf.size);
        let kind = plain(&leaf.kind);
        let _ = writeln!(text, "{indent}<- {kind}  {}  {size}", leaf.digest);
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
        draw_leaves(&mut text, "  ", &self.referrers);
        for branch in &self.manifests {
            branch.draw(&mut text);
        }
        text
    }
}

impl Branch {
    fn draw(&self, text: &mut String) {
        let platform = self.descriptor.platform.as_ref();
        let platform = platform.map_or_else(|| "manifest".to_owned(), ToString::to_string);
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
        draw_leaves(text, "    ", &self.referrers);
    }
}

/// Somebody else's text without what would move the cursor.
fn plain(text: &str) -> String {
    media::plain(text, 1000)
}
