//! The artifact's own documents, from images whose layers are packed. Pure: the same images make the same bytes.

use std::collections::BTreeMap;

use super::config::{Config, History, RootFs, Run};
use super::document::{Descriptor, EROFS_FEATURE, Index, Manifest, PlatformFields};
use super::erofs::{self, ErofsCompression};
use super::image::Image;
use super::repack::Packed;
use super::transfer::Document;
use super::{Compression, Error, media};
use crate::labels::{ARTIFACT_TYPE, keys};

/// When the image was made.
const CREATED: &str = "org.opencontainers.image.created";
/// The file name under which `oras pull` writes a layer.
pub(super) const TITLE: &str = "org.opencontainers.image.title";
/// What goes on the descriptors in the index too, so that the index alone tells which manifest is which.
pub(super) const OWN_PREFIX: &str = "ai.backend.krunner.";

/// One platform's manifest and config.
#[derive(Debug)]
pub(super) struct Platform {
    pub(super) config: Document,
    pub(super) manifest: Document,
    pub(super) layers: Vec<Descriptor>,
    pub(super) annotations: BTreeMap<String, String>,
}

/// Makes one platform's documents. `packed` are the image's layers in their order, which were seen to [fit](super::fit).
pub(super) fn platform(
    image: &Image<'_>,
    packed: &[&Packed],
    compression: Compression,
) -> Result<Platform, Error> {
    let labels = &image.config.config.labels;
    let mut annotations = labels.clone();
    annotations.extend(image.annotations.clone());
    if let Some(created) = &image.config.created {
        annotations
            .entry(CREATED.to_owned())
            .or_insert_with(|| created.clone());
    }
    let layers: Vec<Descriptor> = image
        .layers
        .iter()
        .zip(packed)
        .map(|(layer, packed)| Descriptor {
            annotations: BTreeMap::from([(
                TITLE.to_owned(),
                format!("{}.{}", layer.name, compression.suffix()),
            )]),
            ..packed.descriptor.clone()
        })
        .collect();
    let config = config(image)?;
    documents(
        &config,
        layers,
        annotations,
        PlatformFields::from(image.platform),
    )
}

/// Makes one platform's config, which says nothing of how layers are packed.
pub(super) fn config(image: &Image<'_>) -> Result<Vec<u8>, Error> {
    let version = image.config.config.labels.get_key_value(keys::VERSION);
    Config {
        created: image.config.created.clone(),
        architecture: image.platform.architecture.oci().to_owned(),
        os: image.platform.os().to_owned(),
        os_features: Vec::new(),
        variant: None,
        config: Run {
            labels: version
                .into_iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        },
        rootfs: RootFs {
            kind: "layers".to_owned(),
            diff_ids: image.layers.iter().map(|layer| layer.diff_id).collect(),
        },
        history: image
            .config
            .layer_history()
            .take(image.layers.len())
            .cloned()
            .collect(),
    }
    .to_bytes()
}

/// Makes the documents of an EROFS twin: `blob` is the whole volume, and `plain` what it is another form of.
pub(super) fn twin(
    image: &Image<'_>,
    plain: &Platform,
    blob: &Descriptor,
    compression: ErofsCompression,
) -> Result<Platform, Error> {
    let features = vec![EROFS_FEATURE.to_owned()];
    let mut config = Config::parse(&plain.config.content)?;
    config.os_features.clone_from(&features);
    // As containerd has it: what needs no unpacking unpacks to itself.
    config.rootfs.diff_ids = vec![blob.digest];
    config.history = vec![History {
        created: config.created.clone(),
        created_by: Some("mkfs.erofs".to_owned()),
        comment: Some("volume".to_owned()),
        empty_layer: false,
    }];
    let mut annotations = plain.annotations.clone();
    let of = plain.manifest.descriptor.digest.to_string();
    annotations.insert(keys::EROFS_OF.to_owned(), of);
    let compression = compression.to_string();
    annotations.insert(keys::EROFS_COMPRESSION.to_owned(), compression);
    let layer = Descriptor {
        annotations: BTreeMap::from([(TITLE.to_owned(), erofs::NAME.to_owned())]),
        ..blob.clone()
    };
    let platform = PlatformFields {
        os_features: features,
        ..PlatformFields::from(image.platform)
    };
    documents(&config.to_bytes()?, vec![layer], annotations, platform)
}

/// Puts a config and layers into a manifest.
fn documents(
    config: &[u8],
    layers: Vec<Descriptor>,
    annotations: BTreeMap<String, String>,
    platform: PlatformFields,
) -> Result<Platform, Error> {
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(media::MANIFEST.to_owned()),
        artifact_type: Some(ARTIFACT_TYPE.to_owned()),
        config: Descriptor::inline(media::CONFIG, config),
        layers: layers.clone(),
        subject: None,
        annotations: annotations.clone(),
    }
    .to_bytes()?;
    let descriptor = Descriptor {
        artifact_type: Some(ARTIFACT_TYPE.to_owned()),
        platform: Some(platform),
        annotations: annotations
            .iter()
            .filter(|(key, _)| key.starts_with(OWN_PREFIX))
            .map(owned)
            .collect(),
        ..Descriptor::of(media::MANIFEST, &manifest)
    };
    Ok(Platform {
        config: Document {
            descriptor: Descriptor::of(media::CONFIG, config),
            content: config.to_vec(),
        },
        manifest: Document {
            descriptor,
            content: manifest,
        },
        layers,
        annotations,
    })
}

/// Makes the index, from manifests in their final order, each with its own annotations. It says what all of them say.
pub(super) fn index(
    manifests: Vec<(Descriptor, BTreeMap<String, String>)>,
) -> Result<Document, Error> {
    let mut annotations = manifests
        .first()
        .map(|(_, first)| first.clone())
        .unwrap_or_default();
    annotations.retain(|key, value| {
        manifests
            .iter()
            .all(|(_, other)| other.get(key) == Some(value))
    });
    let content = Index {
        schema_version: 2,
        media_type: Some(media::INDEX.to_owned()),
        artifact_type: Some(ARTIFACT_TYPE.to_owned()),
        manifests: manifests
            .into_iter()
            .map(|(descriptor, _)| descriptor)
            .collect(),
        subject: None,
        annotations,
    }
    .to_bytes()?;
    let descriptor = Descriptor {
        artifact_type: Some(ARTIFACT_TYPE.to_owned()),
        ..Descriptor::of(media::INDEX, &content)
    };
    Ok(Document {
        descriptor,
        content,
    })
}

fn owned((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}
