//! What is in a layer: files with their digests, and the packages that they make up.

use std::collections::BTreeMap;
use std::io;

use super::Error;
use super::compose::TITLE;
use super::compression::decompress;
use super::document::Descriptor;
use super::progress::{Reported, Reporter};
use super::tarball::{self, Budget, Kind};
use super::transfer::BlobSource;
use super::verifier::Verifier;
use crate::digest::Digest;

/// How the folder of an installed Python package ends: `NAME-VERSION.dist-info`.
const INSTALLED: &str = ".dist-info";

/// One entry of a layer, but for its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    kind: Kind,
    mode: u32,
    digest: Digest,
}

/// A layer's name: its title without how it is packed, or its digest where it has none.
pub(super) fn layer_name(layer: &Descriptor) -> String {
    match layer.annotations.get(TITLE) {
        Some(title) => {
            let name = title.split(".tar").next().unwrap_or_default();
            super::media::plain(name, 64)
        }
        None => layer.digest.to_string(),
    }
}

/// The files of a layer by their paths, which is verified while it is read.
pub(super) fn files(
    source: &dyn BlobSource,
    layer: &Descriptor,
    reporter: &dyn Reporter,
) -> Result<BTreeMap<String, File>, Error> {
    let fail = |source: io::Error| match source.downcast::<super::Failure>() {
        Ok(failure) => Error::Transfer(failure),
        Err(source) => Error::Layer {
            layer: layer.digest.to_string(),
            source,
        },
    };
    let task = reporter.start(&format!("{} ↓", layer_name(layer)), layer.size);
    let blob = Verifier::new(Reported::new(source.blob(layer)?, task), layer);
    let mut files = BTreeMap::new();
    tarball::read(
        decompress(blob).map_err(fail)?,
        layer.size,
        &Budget::default(),
        &mut |entry, content| {
            // Folders come and go with what is in them.
            if entry.kind == Kind::Folder {
                return Ok(());
            }
            let file = File {
                kind: entry.kind.clone(),
                mode: entry.mode,
                digest: Digest::read(content)?,
            };
            files.insert(entry.path.display().to_string(), file);
            Ok(())
        },
    )
    .map_err(fail)?;
    Ok(files)
}

/// The Python packages that files belong to, with their versions.
pub(super) fn packages(files: &BTreeMap<String, File>) -> BTreeMap<String, String> {
    let folders = files.keys().flat_map(|path| path.split('/'));
    folders
        .filter_map(|folder| folder.strip_suffix(INSTALLED)?.rsplit_once('-'))
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect()
}
