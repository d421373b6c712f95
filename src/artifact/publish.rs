//! Images in, one artifact out: what is not there yet is packed and sent, and the index is made visible last.

use serde::Serialize;

use super::cache::Cache;
use super::document::Descriptor;
use super::erofs::Mkfs;
use super::image::Image;
use super::join::{Kept, There};
use super::made::Made;
use super::progress::Reporter;
use super::repack::{self, Packed};
use super::transfer::{BlobSink, Document};
use super::{Compression, Error, compose, send};

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
    let mut kept = there.platforms;
    kept.retain(|kept| images.iter().all(|image| kept.is_beside(image)));
    // What the cache has tells what would be published, and mostly that it is there.
    if sink.vouches()
        && there.root.is_some()
        && let Some(made) = made_before(&images, way)?
    {
        let index = index(&kept, &made)?;
        if there.root == Some(index.descriptor.digest) {
            return Ok(published(index, made, kept));
        }
    }
    let made = send::all(&images, &there.manifests, sink, way)?;
    let index = index(&kept, &made)?;
    if there.root != Some(index.descriptor.digest) {
        sink.tag(&index.descriptor, &index.content)?;
    }
    Ok(published(index, made, kept))
}

/// The documents of images of which the cache has everything.
fn made_before(images: &[Image<'_>], way: &Way<'_>) -> Result<Option<Vec<Made>>, Error> {
    let mut made = Vec::new();
    for image in images {
        let cached = |layer| repack::cached(layer, way.cache, way.compression);
        let Some(layers) = image.layers.iter().map(cached).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let twin = way.erofs.map(|mkfs| mkfs.cached(image, way.cache));
        if let Some(None) = twin {
            return Ok(None);
        }
        let layers: Vec<&Packed> = layers.iter().collect();
        let mut documents = Made::of(image, &layers, way)?;
        if let Some((mkfs, Some(packed))) = way.erofs.zip(twin) {
            documents.add_twin(image, &packed, mkfs)?;
        }
        made.push(documents);
    }
    Ok(Some(made))
}

/// The index of what was made and what stays.
fn index(kept: &[Kept], made: &[Made]) -> Result<Document, Error> {
    let mut manifests = kept.to_vec();
    manifests.extend(made.iter().flat_map(Made::entries));
    manifests.sort_by_key(Kept::rank);
    let manifests = manifests
        .into_iter()
        .map(|kept| (kept.descriptor, kept.annotations))
        .collect();
    compose::index(manifests)
}

fn published(index: Document, made: Vec<Made>, kept: Vec<Kept>) -> Published {
    Published {
        index: index.descriptor,
        platforms: made.into_iter().map(Made::published).collect(),
        kept: kept.into_iter().map(|kept| kept.descriptor).collect(),
    }
}
