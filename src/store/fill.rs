//! Filling: a volume is made beside the others from its layers, and shows only when it is whole.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::arrival::{Arrival, Arrived};
use super::commit::Record;
use super::memory::Memory;
use super::order::{Order, title};
use super::pieces::{self, PIECE};
use super::reuse::{self, Changed, Donor, Donors};
use super::unpack::{Donated, Unlinked, Unpacker};
use super::{Error, Ready, Store, Volume};
use crate::artifact::tarball::Entry;
use crate::artifact::{self, Descriptor, Manifest};
use crate::digest::Digest;
use crate::fsutil;
use crate::parallel;

/// Layers at a time: enough to keep a slow line and two cores busy.
const PARALLEL: usize = 4;

/// The digest of a layer's tar, and what it had.
type Unpacked = (Digest, Vec<Entry>);

/// A volume that is being filled.
struct Filling<'a> {
    store: &'a Store,
    order: &'a Order<'a>,
    staging: PathBuf,
    donors: Donors,
    unpacker: Unpacker,
    /// For what comes in.
    memory: Memory,
    /// Whether something that was in the store turned out not to be what it should be.
    stale: AtomicBool,
    /// Layers of other volumes that turned out not to be as they were.
    changed: Mutex<Changed>,
}

impl Store {
    /// Fetches what is missing, unpacks it beside, and makes it visible together with `record`. Returns the bytes that had
    /// to be fetched. The caller holds the manifest's lock.
    pub(super) fn fill(
        &self,
        order: &Order<'_>,
        record: &Record<'_>,
    ) -> Result<(Volume, u64), Error> {
        let diff_ids = order.diff_ids()?;
        // In order, so that nobody waits for somebody who waits for us; and until all has its place.
        let layers: BTreeSet<Digest> = order
            .manifest
            .layers
            .iter()
            .map(|layer| layer.digest)
            .collect();
        let _locks = layers
            .iter()
            .map(|digest| self.lock(digest))
            .collect::<Result<Vec<_>, _>>()?;
        self.check_room(order.manifest)?;
        let mut changed = Changed::new();
        loop {
            match self.try_fill(order, &diff_ids, &mut changed, record) {
                Ok(Some(done)) => return Ok(done),
                // What was stale is gone, and what was changed is noted, so this ends.
                Ok(None) => {}
                Err(error) => {
                    if !error.is_of_source() {
                        for digest in &layers {
                            let _ = fsutil::remove_file(&self.ingest_path(digest));
                        }
                    }
                    return Err(error);
                }
            }
        }
    }

    /// The same; nothing, if what the store had was in the way and has been taken away, or is `changed`, as is noted there.
    fn try_fill(
        &self,
        order: &Order<'_>,
        diff_ids: &[Digest],
        changed: &mut Changed,
        record: &Record<'_>,
    ) -> Result<Option<(Volume, u64)>, Error> {
        let donors = if order.link {
            self.donors(order.manifest, changed)?
        } else {
            Donors::default()
        };
        let earlier = order
            .link
            .then(|| self.earlier(order.reference, order.platform, &donors));
        let earlier = earlier.flatten();
        let staging = self.stage(&order.digest)?;
        let into = staging.join("fs");
        let fail = |source| Error::io("unpack into", &into, source);
        let filling = Filling {
            store: self,
            order,
            staging: staging.clone(),
            donors,
            unpacker: Unpacker::new(&into, earlier).map_err(fail)?,
            memory: Memory::of(PIECE),
            stale: AtomicBool::new(false),
            changed: Mutex::default(),
        };
        let made = filling.unpacker.flushing(|| {
            let fetched = filling.layers(diff_ids)?;
            filling.unpacker.finish().map_err(fail)?;
            Ok(fetched)
        });
        let done = made.and_then(|fetched| {
            let (entries, bytes) = filling.unpacker.counts().map_err(fail)?;
            let ready = Ready {
                manifest: order.digest,
                platform: order.platform,
                diff_ids: diff_ids.to_vec(),
                entries,
                bytes,
                image: None,
            };
            let layers = order.manifest.layers.iter().map(|layer| layer.digest);
            Ok((self.commit(&staging, ready, layers, record)?, fetched))
        });
        if done.is_err() {
            // The error at hand says more than one about the clearing away, which the next pull does again.
            let _ = fsutil::remove_tree(&staging);
        }
        let found = filling.changed.into_inner();
        let mut found = found.unwrap_or_else(PoisonError::into_inner);
        match done {
            Err(_) if filling.stale.into_inner() || !found.is_empty() => {
                changed.append(&mut found);
                Ok(None)
            }
            done => done.map(Some),
        }
    }

    /// Says early what would otherwise fail late. Packed layers are known exactly; unpacked ones are about four times that.
    fn check_room(&self, manifest: &Manifest) -> Result<(), Error> {
        let packed = manifest
            .layers
            .iter()
            .fold(0u64, |sum, layer| sum.saturating_add(layer.size));
        self.check_free(packed.saturating_mul(5))
    }

    /// Whether there is so much room.
    pub(super) fn check_free(&self, needed: u64) -> Result<(), Error> {
        let stat = rustix::fs::statvfs(&self.root)
            .map_err(|error| Error::io("ask for room in", &self.root, io::Error::from(error)))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < needed {
            return Err(Error::Full {
                root: self.root.clone(),
                free,
                needed,
            });
        }
        Ok(())
    }
}

impl Filling<'_> {
    /// All layers: those that other volumes have are linked, while the others come in. Returns the bytes that had to be
    /// fetched.
    fn layers(&self, diff_ids: &[Digest]) -> Result<u64, Error> {
        let layers = self.order.manifest.layers.iter().zip(diff_ids).enumerate();
        let (mut linked, mut missing) = (Vec::new(), Vec::new());
        for (number, (layer, diff_id)) in layers {
            match self.donors.get(&layer.digest) {
                Some(donor) if donor.diff_id == *diff_id => linked.push((number, layer, donor)),
                _ => missing.push((number, layer, diff_id)),
            }
        }
        // The largest is taken first, from the end.
        missing.sort_by_key(|(_, layer, _)| layer.size);
        let written = self.unpacker.run(|| {
            thread::scope(|scope| {
                let linking = scope.spawn(|| self.link(&linked));
                let fetched = parallel::map(missing, PARALLEL, |(number, layer, diff_id)| {
                    self.layer(number, layer, diff_id)
                });
                join(linking).and(fetched)
            })
        });
        let fetched = written.map_err(|failed| self.in_layer(failed))??;
        Ok(fetched.iter().sum())
    }

    /// What went wrong in a layer.
    fn in_layer(&self, (number, source): (usize, io::Error)) -> Error {
        Error::Layer {
            layer: self.order.manifest.layers[number].digest,
            source,
        }
    }

    /// Layers that other volumes have.
    fn link(&self, layers: &[(usize, &Descriptor, &Donor)]) -> Result<(), Error> {
        let mut donated = Vec::new();
        for (number, layer, donor) in layers {
            reuse::link_entries(&self.staging, &layer.digest, &donor.list)?;
            donated.push(Donated {
                number: *number,
                from: &donor.fs,
                entries: &donor.entries,
            });
        }
        self.unpacker.link(&donated).map_err(|(number, error)| {
            let source = match error {
                Unlinked::Failed(source) => source,
                Unlinked::Changed => {
                    self.note_changed(self.order.manifest.layers[number].digest);
                    io::ErrorKind::InvalidData.into()
                }
            };
            self.in_layer((number, source))
        })
    }

    /// Notes that the layer that was to be linked is not as it was.
    fn note_changed(&self, layer: Digest) {
        if let Some(donor) = self.donors.get(&layer) {
            let changed = self.changed.lock();
            let mut changed = changed.unwrap_or_else(PoisonError::into_inner);
            changed.insert((donor.volume, layer));
        }
    }

    /// One layer, unpacked while it comes in. Returns the bytes that had to be fetched.
    fn layer(&self, number: usize, layer: &Descriptor, diff_id: &Digest) -> Result<u64, Error> {
        let (fetched, (actual, entries)) = self.stream(number, layer)?;
        if actual != *diff_id {
            return Err(artifact::Error::DiffId {
                layer: layer.digest.to_string(),
                expected: *diff_id,
                actual,
            }
            .into());
        }
        reuse::list_entries(&self.staging, &layer.digest, &entries)?;
        Ok(fetched)
    }

    /// Brings a layer in and unpacks it at the same time. Nothing is believed before its last byte was hashed: what is
    /// unpacked lies where nobody looks.
    fn stream(&self, number: usize, layer: &Descriptor) -> Result<(u64, Unpacked), Error> {
        let arrival = Arrival {
            source: self.order.source,
            descriptor: layer,
            title: &title(number, layer),
            memory: &self.memory,
            reporter: self.order.reporter,
        };
        let (send, pieces) = pieces::queue(&self.memory);
        let (arrived, unpacked) = thread::scope(|scope| {
            let unpacking = scope.spawn(move || self.unpacker.layer(number, pieces, layer.size));
            let arrived = self.store.arrive(&arrival, &mut |piece| send.send(piece));
            drop(send);
            (arrived, join(unpacking))
        });
        match (arrived?, unpacked) {
            (Arrived::Whole(fetched), Ok(unpacked)) => return Ok((fetched, unpacked)),
            (Arrived::Stale, _) => {
                self.stale.store(true, Ordering::Relaxed);
                let source = io::ErrorKind::InvalidData.into();
                Err(source)
            }
            (_, Err(source)) => Err(source),
            // It ends only when it has read all, so that nothing is left to be unwanted.
            (Arrived::Unwanted, Ok(_)) => Err(io::ErrorKind::InvalidData.into()),
        }
        .map_err(|source| self.in_layer((number, source)))
    }
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
