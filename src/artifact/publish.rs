//! Images in, one artifact out: packs every layer once, sends it, and makes the index visible last.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::num::NonZero;
use std::thread;

use serde::Serialize;

use super::cache::Cache;
use super::document::Descriptor;
use super::image::{Image, Layer};
use super::join::Kept;
use super::progress::{Reported, Reporter};
use super::repack::{self, Packed};
use super::transfer::{BlobSink, Document};
use super::verifier::Verifier;
use super::{Compression, Error, compose};
use crate::digest::Digest;
use crate::parallel;

/// Layers at a time: one compresses (on all cores) while another one is sent.
const PARALLEL: usize = 2;

/// What was published.
#[derive(Clone, Debug, Serialize)]
pub struct Published {
    /// The index.
    pub index: Descriptor,
    /// What was published of it.
    pub platforms: Vec<PublishedPlatform>,
    /// What was there already and stays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Descriptor>,
}

/// One platform's part of it.
#[derive(Clone, Debug, Serialize)]
pub struct PublishedPlatform {
    /// The platform.
    pub platform: crate::platform::Platform,
    /// Its manifest.
    pub manifest: Descriptor,
    /// Its layers, lowest first.
    pub layers: Vec<Descriptor>,
}

/// Publishes images, one for each platform, as one artifact.
pub fn publish(
    images: Vec<Image<'_>>,
    sink: &dyn BlobSink,
    cache: &Cache,
    compression: Compression,
    reporter: &dyn Reporter,
) -> Result<Published, Error> {
    publish_beside(images, Vec::new(), sink, cache, compression, reporter)
}

/// Publishes images beside those of other platforms that are there already, as far as these are of the same volume and
/// version. What is not is no part of the new index.
pub fn publish_beside(
    mut images: Vec<Image<'_>>,
    mut there: Vec<Kept>,
    sink: &dyn BlobSink,
    cache: &Cache,
    compression: Compression,
    reporter: &dyn Reporter,
) -> Result<Published, Error> {
    images.sort_by_key(|image| image.platform);
    if let Some(pair) = images
        .windows(2)
        .find(|pair| pair[0].platform == pair[1].platform)
    {
        return Err(Error::TwicePlatform(pair[0].platform.to_string()));
    }
    let platforms: Vec<_> = images.iter().map(|image| image.platform).collect();
    there
        .retain(|kept| !kept.is_of(&platforms) && images.iter().all(|image| kept.is_beside(image)));
    let packed = pack_and_send(&images, sink, cache, compression, reporter)?;
    let mut made = Vec::new();
    for image in &images {
        let layers: Vec<&Packed> = image
            .layers
            .iter()
            .filter_map(|layer| packed.get(&layer.diff_id))
            .collect();
        made.push(compose::platform(image, &layers, compression)?);
    }
    for platform in &made {
        send_small(sink, &platform.config)?;
        sink.manifest(&platform.manifest.descriptor, &platform.manifest.content)?;
    }
    let mut manifests: Vec<Kept> = made
        .iter()
        .map(|platform| Kept {
            descriptor: platform.manifest.descriptor.clone(),
            annotations: platform.annotations.clone(),
        })
        .chain(there.iter().cloned())
        .collect();
    manifests.sort_by_key(Kept::rank);
    let manifests = manifests
        .into_iter()
        .map(|kept| (kept.descriptor, kept.annotations))
        .collect();
    let index = compose::index(manifests)?;
    sink.manifest(&index.descriptor, &index.content)?;
    sink.tag(&index.descriptor, &index.content)?;
    let platforms = images
        .iter()
        .zip(made)
        .map(|(image, made)| PublishedPlatform {
            platform: image.platform,
            manifest: made.manifest.descriptor,
            layers: made.layers,
        })
        .collect();
    Ok(Published {
        index: index.descriptor,
        platforms,
        kept: there.into_iter().map(|kept| kept.descriptor).collect(),
    })
}

/// Packs and sends every distinct layer, a few at a time.
fn pack_and_send(
    images: &[Image<'_>],
    sink: &dyn BlobSink,
    cache: &Cache,
    compression: Compression,
    reporter: &dyn Reporter,
) -> Result<BTreeMap<Digest, Packed>, Error> {
    let mut distinct: BTreeMap<Digest, &Layer<'_>> = BTreeMap::new();
    for layer in images.iter().flat_map(|image| &image.layers) {
        distinct.entry(layer.diff_id).or_insert(layer);
    }
    // Largest first, so that no long one is left for the end.
    let mut queue: Vec<&Layer<'_>> = distinct.into_values().collect();
    queue.sort_by_key(|layer| layer.size);
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = u32::try_from(workers).unwrap_or(1);
    let packed = parallel::map(queue, PARALLEL, |layer| -> Result<_, Error> {
        let packed = repack::repack(layer, cache, compression, workers, reporter)?;
        send(sink, layer, &packed, reporter)?;
        Ok((layer.diff_id, packed))
    })?;
    Ok(packed.into_iter().collect())
}

fn send(
    sink: &dyn BlobSink,
    layer: &Layer<'_>,
    packed: &Packed,
    reporter: &dyn Reporter,
) -> Result<(), Error> {
    if sink.has(&packed.descriptor)? {
        return Ok(());
    }
    sink.blob(&packed.descriptor, &|| {
        let task = reporter.start(&format!("{} ↑", layer.name), packed.descriptor.size);
        let file = Verifier::new(File::open(&packed.file)?, &packed.descriptor);
        Ok(Box::new(Reported::new(file, task)) as Box<dyn Read + Send>)
    })?;
    Ok(())
}

fn send_small(sink: &dyn BlobSink, document: &Document) -> Result<(), Error> {
    if !sink.has(&document.descriptor)? {
        sink.blob(&document.descriptor, &|| {
            Ok(Box::new(std::io::Cursor::new(document.content.clone())) as Box<dyn Read + Send>)
        })?;
    }
    Ok(())
}
