//! Packs every distinct layer once and sends it, and each platform's documents as soon as all that they name is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::image::{Image, Layer};
use super::made::Made;
use super::progress::Reported;
use super::publish::Way;
use super::repack::{self, Packed};
use super::transfer::{BlobSink, Document};
use super::verifier::Verifier;
use super::{Error, compose, erofs, media};
use crate::digest::Digest;
use crate::parallel::{self, Gate};

/// Blobs at a time: enough to keep a registry busy while it waits for its disk with some of them.
const PARALLEL: usize = 8;
/// Layers that are compressed at a time, each on all cores where it is large enough for them; every one has its memory.
const COMPRESSING: usize = 2;

/// What is sent before there are manifests.
enum Job<'a, 'b> {
    Layer(&'a Layer<'b>),
    Config(usize, Box<Document>),
}

/// What is sent, and how far it is.
struct Sending<'a, 'b> {
    images: &'a [Image<'b>],
    named: &'a BTreeSet<Digest>,
    sink: &'a dyn BlobSink,
    way: &'a Way<'a>,
    compressing: Gate,
    state: Mutex<State>,
}

struct State {
    packed: BTreeMap<Digest, Arc<Packed>>,
    /// For each image the layers that are not there yet, and whether its config is not.
    missing: Vec<(BTreeSet<Digest>, bool)>,
}

/// Sends everything but the index, and returns what there is for it, platform by platform. `named` are manifests that the index which is
/// there names.
pub(super) fn all(
    images: &[Image<'_>],
    named: &BTreeSet<Digest>,
    sink: &dyn BlobSink,
    way: &Way<'_>,
) -> Result<Vec<Made>, Error> {
    let missing = |image: &Image<'_>| {
        let layers = image.layers.iter().map(|layer| layer.diff_id);
        (layers.collect(), true)
    };
    let sending = Sending {
        images,
        named,
        sink,
        way,
        compressing: Gate::new(COMPRESSING),
        state: Mutex::new(State {
            packed: BTreeMap::new(),
            missing: images.iter().map(missing).collect(),
        }),
    };
    let made = parallel::map(queue(images)?, PARALLEL, |job| sending.run(&job))?;
    let mut made: Vec<(usize, Made)> = made.into_iter().flatten().collect();
    made.sort_by_key(|(number, _)| *number);
    Ok(made.into_iter().map(|(_, made)| made).collect())
}

/// Every config and every distinct layer. Largest last, which are taken first, so that no long one is left for the end.
fn queue<'a, 'b>(images: &'a [Image<'b>]) -> Result<Vec<Job<'a, 'b>>, Error> {
    let mut queue = Vec::new();
    let mut distinct: BTreeMap<Digest, &Layer<'_>> = BTreeMap::new();
    for (number, image) in images.iter().enumerate() {
        let config = Document::of(media::CONFIG, compose::config(image)?);
        queue.push(Job::Config(number, Box::new(config)));
        for layer in &image.layers {
            distinct.entry(layer.diff_id).or_insert(layer);
        }
    }
    let mut layers: Vec<&Layer<'_>> = distinct.into_values().collect();
    layers.sort_by_key(|layer| layer.size);
    queue.extend(layers.into_iter().map(Job::Layer));
    Ok(queue)
}

impl Sending<'_, '_> {
    /// Does one job, and finishes the images to which nothing else is missing.
    fn run(&self, job: &Job<'_, '_>) -> Result<Vec<(usize, Made)>, Error> {
        let complete = match job {
            Job::Config(number, config) => {
                self.send_small(config)?;
                self.state()
                    .arrived(|at, (_, config)| *config &= at != *number)
            }
            Job::Layer(layer) => {
                let packed = self.make_and_send(&layer.name, || self.pack(layer))?;
                let mut state = self.state();
                state.packed.insert(layer.diff_id, Arc::new(packed));
                state.arrived(|_, (layers, _)| _ = layers.remove(&layer.diff_id))
            }
        };
        let finish = |number| Ok((number, self.finish(&self.images[number])?));
        complete.into_iter().map(finish).collect()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pack(&self, layer: &Layer<'_>) -> Result<Packed, Error> {
        let way = self.way;
        let pack = || repack::repack(layer, way.cache, way.compression, way.threads, way.reporter);
        self.compressing.pass(pack)
    }

    /// Sends the documents of an image of which everything else is there.
    fn finish(&self, image: &Image<'_>) -> Result<Made, Error> {
        let layers: Vec<Arc<Packed>> = {
            let state = self.state();
            let packed = |layer: &Layer<'_>| state.packed.get(&layer.diff_id).cloned();
            image.layers.iter().filter_map(packed).collect()
        };
        let layers: Vec<&Packed> = layers.iter().map(Arc::as_ref).collect();
        let mut made = Made::of(image, &layers, self.way)?;
        if let Some(mkfs) = self.way.erofs {
            let pack = || mkfs.image(image, self.way.cache, self.way.reporter);
            let packed = self.make_and_send(erofs::NAME, pack)?;
            let twin = made.add_twin(image, &packed, mkfs)?;
            self.send_small(&twin.config)?;
        }
        for documents in made.documents() {
            let manifest = &documents.manifest;
            if self.sink.vouches() && self.named.contains(&manifest.descriptor.digest) {
                continue;
            }
            self.sink
                .manifest(&manifest.descriptor, &manifest.content)?;
        }
        Ok(made)
    }

    /// Makes something and sends it; once more if what the cache had of it turns out to be damaged.
    fn make_and_send(
        &self,
        name: &str,
        make: impl Fn() -> Result<Packed, Error>,
    ) -> Result<Packed, Error> {
        let packed = make()?;
        let Err(error) = self.send(name, &packed) else {
            return Ok(packed);
        };
        let made_now = packed.contents.is_some();
        if made_now || self.way.cache.check(&packed.key, &packed.descriptor) {
            return Err(error);
        }
        let packed = make()?;
        self.send(name, &packed)?;
        Ok(packed)
    }

    fn send(&self, name: &str, packed: &Packed) -> Result<(), Error> {
        if self.sink.has(&packed.descriptor)? {
            return Ok(());
        }
        self.sink.blob(&packed.descriptor, &|| {
            let reporter = self.way.reporter;
            let task = reporter.start(&format!("{name} ↑"), packed.descriptor.size);
            let file = File::open(self.way.cache.path(&packed.key))?;
            let file = Verifier::new(file, &packed.descriptor);
            Ok(Box::new(Reported::new(file, task)) as Box<dyn Read + Send>)
        })?;
        Ok(())
    }

    fn send_small(&self, document: &Document) -> Result<(), Error> {
        if !self.sink.has(&document.descriptor)? {
            self.sink.blob(&document.descriptor, &|| {
                Ok(Box::new(Cursor::new(document.content.clone())) as Box<dyn Read + Send>)
            })?;
        }
        Ok(())
    }
}

impl State {
    /// Notes that something has arrived. Says which images have everything now; each is said once.
    fn arrived(&mut self, note: impl Fn(usize, &mut (BTreeSet<Digest>, bool))) -> Vec<usize> {
        let mut complete = Vec::new();
        for (number, missing) in self.missing.iter_mut().enumerate() {
            let before = is_complete(missing);
            note(number, missing);
            if !before && is_complete(missing) {
                complete.push(number);
            }
        }
        complete
    }
}

fn is_complete((layers, config): &(BTreeSet<Digest>, bool)) -> bool {
    layers.is_empty() && !config
}
