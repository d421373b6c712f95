//! What an artifact is made from: the images that an engine built, one for each platform.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use super::config::Config;
use super::document::{Descriptor, Index, MAX_DOCUMENT, Manifest};
use super::transfer::{BlobSource, Document};
use super::verifier::{Verifier, read_capped};
use super::{Error, media};
use crate::digest::Digest;
use crate::platform::Platform;

/// On manifests that only attest something about another one.
const ATTESTATION: &str = "vnd.docker.reference.type";
/// An index in an index is as deep as engines go.
const MAX_NESTING: usize = 2;

/// One platform's image.
#[derive(Debug)]
pub struct Image<'a> {
    /// What it runs on.
    pub platform: Platform,
    /// Its config.
    pub config: Config,
    /// What its manifest says about it.
    pub annotations: BTreeMap<String, String>,
    /// Its layers, lowest first.
    pub layers: Vec<Layer<'a>>,
}

type OpenLayer<'a> = dyn Fn() -> Result<Box<dyn Read + Send + 'a>, Error> + Send + Sync + 'a;

/// One layer of an image.
pub struct Layer<'a> {
    /// The name of its stage, such as `python`, or its number.
    pub name: String,
    /// The digest of its tar.
    pub diff_id: Digest,
    /// Its size as it is now.
    pub size: u64,
    /// Opens its bytes as they are now, which are verified while they are read.
    pub open: Box<OpenLayer<'a>>,
}

impl std::fmt::Debug for Layer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Layer({:?}, {:?})", self.name, self.diff_id)
    }
}

/// The images that a source's reference names. Attestations are passed over.
pub fn images<'a>(source: &'a dyn BlobSource, reference: &str) -> Result<Vec<Image<'a>>, Error> {
    let mut images = Vec::new();
    collect(source, &source.root()?, MAX_NESTING, &mut images)?;
    if images.is_empty() {
        return Err(Error::NoImage(reference.to_owned()));
    }
    Ok(images)
}

fn collect<'a>(
    source: &'a dyn BlobSource,
    document: &Document,
    nesting: usize,
    images: &mut Vec<Image<'a>>,
) -> Result<(), Error> {
    if media::is_manifest(&document.descriptor.media_type) {
        images.push(image(source, &Manifest::parse(&document.content)?)?);
        return Ok(());
    }
    let nesting = nesting.checked_sub(1).ok_or(Error::Nested)?;
    for descriptor in Index::parse(&document.content)?.manifests {
        let known =
            media::is_manifest(&descriptor.media_type) || media::is_index(&descriptor.media_type);
        // A twin is made anew where it is wanted, from the layers.
        let special = descriptor.twin_platform().is_some();
        if !known || special || descriptor.annotations.contains_key(ATTESTATION) {
            continue;
        }
        let content = source.manifest(&descriptor)?;
        descriptor.check(&content)?;
        let document = Document {
            descriptor,
            content,
        };
        collect(source, &document, nesting, images)?;
    }
    Ok(())
}

fn image<'a>(source: &'a dyn BlobSource, manifest: &Manifest) -> Result<Image<'a>, Error> {
    let what = manifest.config.digest.to_string();
    let content = read_capped(source.blob(&manifest.config)?, MAX_DOCUMENT, &what)?;
    manifest.config.check(&content)?;
    let config = Config::parse(&content)?;
    let layers = manifest
        .layers
        .iter()
        .map(|descriptor| (descriptor.size, opener(source, descriptor.clone())))
        .collect();
    assemble(config, manifest.annotations.clone(), layers)
}

fn opener(source: &dyn BlobSource, descriptor: Descriptor) -> Box<OpenLayer<'_>> {
    Box::new(move || {
        let blob = source.blob(&descriptor)?;
        Ok(Box::new(Verifier::new(blob, &descriptor)) as Box<dyn Read + Send>)
    })
}

/// Joins a config with its layers, and names these.
pub(super) fn assemble(
    config: Config,
    annotations: BTreeMap<String, String>,
    layers: Vec<(u64, Box<OpenLayer<'_>>)>,
) -> Result<Image<'_>, Error> {
    let platform = config.platform()?;
    let diff_ids = &config.rootfs.diff_ids;
    if layers.len() != diff_ids.len() {
        return Err(Error::LayerCount {
            platform: platform.to_string(),
            layers: layers.len(),
            diff_ids: diff_ids.len(),
        });
    }
    let names = names(&config);
    let layers = layers
        .into_iter()
        .zip(diff_ids)
        .zip(names)
        .map(|(((size, open), diff_id), name)| Layer {
            name,
            diff_id: *diff_id,
            size,
            open,
        })
        .collect();
    Ok(Image {
        platform,
        config,
        annotations,
        layers,
    })
}

/// A name for every layer: the stage from the history's comment, or the number where there is none to be used as a
/// file name or where it is taken.
fn names(config: &Config) -> Vec<String> {
    let mut history = config.layer_history();
    let mut taken = BTreeSet::new();
    (1..=config.rootfs.diff_ids.len())
        .map(|number| {
            let stage = history
                .next()
                .and_then(|entry| entry.comment.as_deref())
                .unwrap_or_default();
            let usable = !stage.is_empty()
                && stage.len() <= 64
                && stage
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            let name = if usable {
                stage.to_owned()
            } else {
                format!("layer-{number}")
            };
            if taken.insert(name.clone()) {
                name
            } else {
                format!("layer-{number}")
            }
        })
        .collect()
}
