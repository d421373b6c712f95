//! One layer, compressed anew: the tar stays byte for byte the same, and so does its `diff_id`.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::Error;
use super::cache::{self, Cache, layer_key};
use super::compression::{Compression, Compressor, decompress};
use super::document::Descriptor;
use super::image::Layer;
use super::progress::{Reported, Reporter};
use super::tarball::{self, Budget, Kind};
use crate::digest::Digest;

/// A layer as it is published.
#[derive(Debug)]
pub(super) struct Packed {
    /// The compressed layer, without annotations.
    pub(super) descriptor: Descriptor,
    /// What the cache keeps it under.
    pub(super) key: String,
    /// What it contains, unless it was in the cache already, so that nobody has read it yet.
    pub(super) contents: Option<Contents>,
}

impl Packed {
    /// What the cache keeps under `key`, if it does.
    pub(super) fn cached(cache: &Cache, key: &str, media_type: &str) -> Option<Self> {
        Some(Self {
            descriptor: cache.get(key, media_type)?,
            key: key.to_owned(),
            contents: None,
        })
    }

    /// What was written just now, of that digest and size, which the cache keeps under `key` from now on.
    pub(super) fn keep(
        cache: &Cache,
        key: String,
        file: NamedTempFile,
        (media_type, digest, size): (&str, Digest, u64),
        contents: Contents,
    ) -> Result<Self, Error> {
        let descriptor = cache::descriptor(media_type, digest, size);
        cache.keep(file, &key, &descriptor, &contents)?;
        Ok(Self {
            descriptor,
            key,
            contents: Some(contents),
        })
    }
}

/// The paths of a layer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Contents {
    /// Every path, and whether it is a folder.
    pub(super) paths: BTreeMap<PathBuf, bool>,
    /// The symbolic links among them, with their targets.
    pub(super) links: BTreeMap<PathBuf, PathBuf>,
}

/// Takes a layer from the cache, if it is there.
pub(super) fn cached(layer: &Layer<'_>, cache: &Cache, compression: Compression) -> Option<Packed> {
    let key = layer_key(&layer.diff_id, compression);
    Packed::cached(cache, &key, compression.media_type())
}

/// Takes a layer from the cache, or compresses it, and then reads and checks all of it.
pub(super) fn repack(
    layer: &Layer<'_>,
    cache: &Cache,
    compression: Compression,
    workers: u32,
    reporter: &dyn Reporter,
) -> Result<Packed, Error> {
    if let Some(packed) = cached(layer, cache, compression) {
        return Ok(packed);
    }
    let reader = Reported::new((layer.open)()?, reporter.start(&layer.name, layer.size));
    let fail = |source| Error::Layer {
        layer: layer.name.clone(),
        source,
    };
    let temporary = cache.begin()?;
    let hashed = Hashed::new(temporary.as_file());
    let buffered = BufWriter::with_capacity(256 << 10, hashed);
    let mut encoder = Compressor::new(buffered, compression, workers).map_err(fail)?;
    let contents = scan(layer, reader, &mut encoder)?;
    let hashed = encoder
        .finish()
        .and_then(|buffered| {
            buffered
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
        })
        .map_err(fail)?;
    let (digest, size) = hashed.finish();
    let what = (compression.media_type(), digest, size);
    let key = layer_key(&layer.diff_id, compression);
    Packed::keep(cache, key, temporary, what, contents)
}

/// What a layer contains, by reading and checking all of it.
pub(super) fn contents(layer: &Layer<'_>) -> Result<Contents, Error> {
    scan(layer, (layer.open)()?, &mut io::sink())
}

/// Reads a layer to its end, checks every entry and the `diff_id`, and passes the tar's bytes on.
fn scan(
    layer: &Layer<'_>,
    reader: impl Read + Send,
    out: &mut dyn Write,
) -> Result<Contents, Error> {
    let fail = |source| Error::Layer {
        layer: layer.name.clone(),
        source,
    };
    let mut contents = Contents::default();
    let tar = Tee {
        inner: decompress(reader).map_err(fail)?,
        out,
    };
    let actual = tarball::read(tar, layer.size, &Budget::default(), &mut |entry, _| {
        contents
            .paths
            .insert(entry.path.clone(), entry.kind == Kind::Folder);
        if let Kind::Symlink(target) = &entry.kind {
            contents.links.insert(entry.path.clone(), target.clone());
        }
        Ok(())
    })
    .map_err(fail)?;
    if actual != layer.diff_id {
        return Err(Error::DiffId {
            layer: layer.name.clone(),
            expected: layer.diff_id,
            actual,
        });
    }
    Ok(contents)
}

/// A reader that writes down what it reads.
struct Tee<'a, R> {
    inner: R,
    out: &'a mut dyn Write,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.out.write_all(&buffer[..count])?;
        Ok(count)
    }
}

/// A writer that hashes and counts.
pub(super) struct Hashed<W> {
    inner: W,
    hasher: Sha256,
    written: u64,
}

impl<W> Hashed<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            written: 0,
        }
    }

    /// The digest of what was written, and how much that was.
    pub(super) fn finish(self) -> (Digest, u64) {
        (
            Digest::from_bytes(self.hasher.finalize().into()),
            self.written,
        )
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
