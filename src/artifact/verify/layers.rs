//! The rules about the bytes of one platform's layers: what they are called, what they unpack to, and what is in them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Judge;
use crate::artifact::compose::TITLE;
use crate::artifact::compression::decompress;
use crate::artifact::document::{Descriptor, Manifest};
use crate::artifact::progress::Reported;
use crate::artifact::tarball::{self, Budget, Entry, Kind};
use crate::artifact::verifier::Verifier;
use crate::artifact::{Error, Failure, links, media};
use crate::digest::Digest;
use crate::labels::keys;
use crate::spec::IDENTITY_FILE;

/// More than any volume has to say about itself.
const MAX_IDENTITY: u64 = 64 << 10;
/// What the identity says, and the annotation that says the same.
const IDENTITY: [(&str, &str); 4] = [
    ("version", keys::VERSION),
    ("libc", keys::LIBC),
    ("prefix", keys::PREFIX),
    ("python", keys::PYTHON),
];

/// What the layers of one platform have in them.
#[derive(Default)]
struct Found {
    /// Every path, and whether it is a folder.
    paths: BTreeMap<PathBuf, bool>,
    twice: Vec<String>,
    links: BTreeMap<PathBuf, PathBuf>,
    /// What the volume says about itself.
    identity: Option<Vec<u8>>,
}

impl Found {
    fn add(&mut self, entry: &Entry, content: &mut dyn Read) -> io::Result<()> {
        let folder = entry.kind == Kind::Folder;
        let before = self.paths.insert(entry.path.clone(), folder);
        if before.is_some_and(|was_folder| !(was_folder && folder)) {
            self.twice.push(entry.path.display().to_string());
        }
        if let Kind::Symlink(target) = &entry.kind {
            self.links.insert(entry.path.clone(), target.clone());
        }
        if entry.path == Path::new(IDENTITY_FILE) {
            let mut identity = Vec::new();
            content.take(MAX_IDENTITY).read_to_end(&mut identity)?;
            self.identity = Some(identity);
        }
        Ok(())
    }
}

impl Judge<'_> {
    pub(super) fn layers(
        &mut self,
        name: &str,
        manifest: &Manifest,
        diff_ids: &[Digest],
    ) -> Result<(), Error> {
        let mut titles = BTreeSet::new();
        let mut found = Found::default();
        let budget = Budget::default();
        for (number, layer) in manifest.layers.iter().enumerate() {
            let title = layer.annotations.get(TITLE).cloned().unwrap_or_default();
            let shown = match media::plain(&title, 64) {
                title if title.is_empty() => format!("{name} layer {}", number + 1),
                title => format!("{name} {title}"),
            };
            let usable = !title.is_empty()
                && !title.contains(['/', '\\', '\0'])
                && title != ".."
                && titles.insert(title);
            if !usable {
                self.breaks(
                    "layers",
                    format!("`{shown}` has no title of its own that names a file"),
                );
            }
            if ![media::LAYER_ZSTD, media::LAYER_GZIP].contains(&layer.media_type.as_str()) {
                self.breaks(
                    "layers",
                    format!("`{shown}` is of type `{}`", layer.media_type),
                );
            }
            match self.read(layer, &shown, &budget, &mut found) {
                Ok(digest) if diff_ids.get(number).is_none_or(|wanted| *wanted == digest) => {}
                Ok(digest) => {
                    self.breaks("contents", format!("`{shown}` unpacks to `{digest}`"));
                }
                Err(error) => {
                    let error = match error.downcast::<Failure>() {
                        Ok(failure) => Error::Transfer(failure),
                        Err(source) => Error::Layer {
                            layer: shown,
                            source,
                        },
                    };
                    self.note("contents", error)?;
                }
            }
        }
        for path in &found.twice {
            self.breaks("paths", format!("`{path}` is in two layers of `{name}`"));
        }
        if let Err(refused) = links::check(found.links.iter()) {
            self.breaks("paths", format!("`{name}`: {refused}"));
        }
        self.identity(name, manifest, found.identity.as_deref());
        Ok(())
    }

    /// Reads a layer to its end, and returns the digest of what it unpacks to.
    fn read(
        &self,
        layer: &Descriptor,
        shown: &str,
        budget: &Budget,
        found: &mut Found,
    ) -> io::Result<Digest> {
        let task = self.reporter.start(&media::plain(shown, 32), layer.size);
        let blob = self.source.blob(layer).map_err(io::Error::other)?;
        let blob = Verifier::new(Reported::new(blob, task), layer);
        // To the end of the blob, which what unpacks need not reach.
        let mut blob = io::BufReader::new(blob);
        let digest = tarball::read(
            decompress(&mut blob)?,
            layer.size,
            budget,
            &mut |entry, content| found.add(entry, content),
        )?;
        if blob.read(&mut [0])? > 0 {
            return Err(tarball::Refused::Trailing.into());
        }
        Ok(digest)
    }

    /// What a volume says about itself in a file, if it does, is what its annotations say.
    fn identity(&mut self, name: &str, manifest: &Manifest, identity: Option<&[u8]>) {
        let Some(identity) = identity else { return };
        let Ok(identity) = serde_json::from_slice::<serde_json::Value>(identity) else {
            return self.breaks(
                "identity",
                format!("`{IDENTITY_FILE}` of `{name}` is no JSON"),
            );
        };
        for (field, key) in IDENTITY {
            let told = match &identity[field] {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let said = manifest.annotations.get(key);
            if said.is_some_and(|said| *said != told) {
                let told = media::plain(&told, 64);
                self.breaks(
                    "identity",
                    format!("`{IDENTITY_FILE}` of `{name}` says `{field}` is `{told}`, and its annotation does not"),
                );
            }
        }
    }
}
