//! Images in, one artifact out: packs every layer once, sends it, and makes the index visible last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;

use serde::Serialize;

use super::cache::Cache;
use super::document::Descriptor;
use super::erofs::{self, Mkfs};
use super::image::{Image, Layer};
use super::join::{Kept, There};
use super::progress::{Reported, Reporter};
use super::repack::{self, Packed};
use super::transfer::{BlobSink, Document};
use super::verifier::Verifier;
use super::{Compression, Error, compose, media};
use crate::digest::Digest;
use crate::parallel::{self, Gate};

/// Blobs at a time: enough to keep a registry busy while it thinks about some of them.
const PARALLEL: usize = 4;
/// Layers that are compressed at a time, each on all cores where it is large enough for them; every one has its memory.
const COMPRESSING: usize = 2;

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
    /// The manifest of its EROFS twin, if one was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erofs: Option<Descriptor>,
}

/// Publishes images, one for each platform, as one artifact.
pub fn publish(
    images: Vec<Image<'_>>,
    sink: &dyn BlobSink,
    cache: &Cache,
    compression: Compression,
    reporter: &dyn Reporter,
) -> Result<Published, Error> {
    let way = Way {
        cache,
        compression,
        erofs: None,
        threads: 1,
        reporter,
    };
    publish_beside(images, There::default(), sink, &way)
}

/// How layers become what is sent.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// Where what was made is kept.
    pub cache: &'a Cache,
    /// How layers are compressed.
    pub compression: Compression,
    /// What makes an EROFS twin of every platform, if they are wanted.
    pub erofs: Option<&'a Mkfs>,
    /// How many threads compress.
    pub threads: u32,
    /// Who hears of it.
    pub reporter: &'a dyn Reporter,
}

impl std::fmt::Debug for Way<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Way({:?}, {:?})", self.compression, self.erofs)
    }
}

/// Publishes images beside those of other platforms that are there already, as far as these are of the same volume and
/// version. What is not is no part of the new index.
pub fn publish_beside(
    mut images: Vec<Image<'_>>,
    there: There,
    sink: &dyn BlobSink,
    way: &Way<'_>,
) -> Result<Published, Error> {
    images.sort_by_key(|image| image.platform);
    if let Some(pair) = images
        .windows(2)
        .find(|pair| pair[0].platform == pair[1].platform)
    {
        return Err(Error::TwicePlatform(pair[0].platform.to_string()));
    }
    let platforms: Vec<_> = images.iter().map(|image| image.platform).collect();
    let known: BTreeSet<Digest> = there
        .platforms
        .iter()
        .map(|kept| kept.descriptor.digest)
        .collect();
    let mut kept = there.platforms;
    kept.retain(|kept| !kept.is_of(&platforms) && images.iter().all(|image| kept.is_beside(image)));
    let packed = pack_and_send(&images, sink, way)?;
    let made = |image: &&Image<'_>| -> Result<_, Error> {
        let layers: Vec<&Packed> = image
            .layers
            .iter()
            .filter_map(|layer| packed.get(&layer.diff_id))
            .collect();
        let plain = compose::platform(image, &layers, way.compression)?;
        let twin = match way.erofs {
            Some(mkfs) => Some(send_twin(image, &plain, sink, mkfs, way)?),
            None => None,
        };
        let mut manifests = Vec::new();
        for documents in [Some(&plain), twin.as_ref()].into_iter().flatten() {
            let manifest = &documents.manifest;
            // What was just read there need not be sent.
            if !known.contains(&manifest.descriptor.digest) {
                sink.manifest(&manifest.descriptor, &manifest.content)?;
            }
            manifests.push(Kept {
                descriptor: manifest.descriptor.clone(),
                annotations: documents.annotations.clone(),
            });
        }
        let published = PublishedPlatform {
            platform: image.platform,
            manifest: plain.manifest.descriptor,
            layers: plain.layers,
            erofs: twin.map(|twin| twin.manifest.descriptor),
        };
        Ok((published, manifests))
    };
    let mut made = parallel::map(images.iter().collect(), PARALLEL, |image| made(&image))?;
    made.sort_by_key(|(published, _)| published.platform);
    let (platforms, new): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    let mut manifests: Vec<Kept> = kept
        .iter()
        .cloned()
        .chain(new.into_iter().flatten())
        .collect();
    manifests.sort_by_key(Kept::rank);
    let manifests = manifests
        .into_iter()
        .map(|kept| (kept.descriptor, kept.annotations))
        .collect();
    let index = compose::index(manifests)?;
    if there.root != Some(index.descriptor.digest) {
        sink.tag(&index.descriptor, &index.content)?;
    }
    Ok(Published {
        index: index.descriptor,
        platforms,
        kept: kept.into_iter().map(|kept| kept.descriptor).collect(),
    })
}

/// What is sent before there are manifests.
enum Job<'a, 'b> {
    Layer(&'a Layer<'b>),
    Config(Box<Document>),
}

/// Packs and sends every distinct layer and every config, a few at a time.
fn pack_and_send(
    images: &[Image<'_>],
    sink: &dyn BlobSink,
    way: &Way<'_>,
) -> Result<BTreeMap<Digest, Packed>, Error> {
    let mut distinct: BTreeMap<Digest, &Layer<'_>> = BTreeMap::new();
    for layer in images.iter().flat_map(|image| &image.layers) {
        distinct.entry(layer.diff_id).or_insert(layer);
    }
    // Largest first (which is taken from the end), so that no long one is left for the end.
    let mut layers: Vec<&Layer<'_>> = distinct.into_values().collect();
    layers.sort_by_key(|layer| layer.size);
    let configs = images.iter().map(|image| {
        Ok(Job::Config(Box::new(Document::of(
            media::CONFIG,
            compose::config(image)?,
        ))))
    });
    let mut queue = configs.collect::<Result<Vec<_>, Error>>()?;
    queue.extend(layers.into_iter().map(Job::Layer));
    let gate = Gate::new(COMPRESSING);
    let pack = |layer: &Layer<'_>| {
        let pack = || repack::repack(layer, way.cache, way.compression, way.threads, way.reporter);
        gate.pass(pack)
    };
    let packed = parallel::map(queue, PARALLEL, |job| -> Result<_, Error> {
        match job {
            Job::Layer(layer) => {
                let packed = make_and_send(sink, &layer.name, way, || pack(layer))?;
                Ok(Some((layer.diff_id, packed)))
            }
            Job::Config(config) => send_small(sink, &config).map(|()| None),
        }
    })?;
    Ok(packed.into_iter().flatten().collect())
}

/// Makes a platform's EROFS image, sends it, and returns the documents that go with it.
fn send_twin(
    image: &Image<'_>,
    plain: &compose::Platform,
    sink: &dyn BlobSink,
    mkfs: &Mkfs,
    way: &Way<'_>,
) -> Result<compose::Platform, Error> {
    let make = || mkfs.image(image, way.cache, way.reporter);
    let packed = make_and_send(sink, erofs::NAME, way, make)?;
    let twin = compose::twin(image, plain, &packed.descriptor, mkfs.compression())?;
    send_small(sink, &twin.config)?;
    Ok(twin)
}

/// Makes something and sends it; once more if what the cache had of it turns out to be damaged.
fn make_and_send(
    sink: &dyn BlobSink,
    name: &str,
    way: &Way<'_>,
    make: impl Fn() -> Result<Packed, Error>,
) -> Result<Packed, Error> {
    let packed = make()?;
    let Err(error) = send(sink, name, &packed, way) else {
        return Ok(packed);
    };
    if !packed.kept || way.cache.check(&packed.key, &packed.descriptor) {
        return Err(error);
    }
    let packed = make()?;
    send(sink, name, &packed, way)?;
    Ok(packed)
}

fn send(sink: &dyn BlobSink, name: &str, packed: &Packed, way: &Way<'_>) -> Result<(), Error> {
    if sink.has(&packed.descriptor)? {
        return Ok(());
    }
    sink.blob(&packed.descriptor, &|| {
        let task = way
            .reporter
            .start(&format!("{name} ↑"), packed.descriptor.size);
        let file = File::open(way.cache.path(&packed.key))?;
        let file = Verifier::new(file, &packed.descriptor);
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
