//! The rules about EROFS twins: whose they are, and that their one layer is an image.

use std::io::{self, Read};

use super::Judge;
use crate::artifact::document::{Descriptor, Index, Manifest};
use crate::artifact::progress::Reported;
use crate::artifact::verifier::Verifier;
use crate::artifact::{Error, Failure, erofs, media};
use crate::labels::keys;

impl Judge<'_> {
    /// Holds a twin against its rules; its manifest's bytes are what the entry says.
    pub(super) fn twin(
        &mut self,
        entry: &Descriptor,
        content: &[u8],
        index: &Index,
    ) -> Result<(), Error> {
        let manifest = match Manifest::parse(content) {
            Ok(manifest) => manifest,
            Err(error) => return self.note("documents", error),
        };
        let name = entry.platform.as_ref();
        let name = name.map_or_else(|| entry.digest.to_string(), ToString::to_string);
        self.types(&name, entry, &manifest, Some(entry));
        let config = self.config(&name, &manifest, Some(entry))?;
        self.agree(&name, &manifest, Some(entry), config.as_ref());
        self.annotations.push(manifest.annotations.clone());
        let mut plain = index.manifests.iter();
        if !plain.any(|plain| index.twin(plain).map(|twin| twin.digest) == Some(entry.digest)) {
            let what = format!("`{name}` names no manifest of its platform in the index");
            self.breaks("twins", what);
        }
        let compression = manifest.annotations.get(keys::EROFS_COMPRESSION);
        if !compression.is_some_and(|word| ["zstd", "lz4hc"].contains(&word.as_str())) {
            self.breaks(
                "twins",
                format!("`{name}` does not say how it is compressed"),
            );
        }
        let [layer] = &manifest.layers[..] else {
            let what = format!("`{name}` has {} layers and not one", manifest.layers.len());
            self.breaks("twins", what);
            return Ok(());
        };
        if layer.media_type != media::LAYER_EROFS {
            let what = format!("`{name}` has a layer of type `{}`", layer.media_type);
            self.breaks("twins", what);
        }
        let diff_ids = config.map(|config| config.rootfs.diff_ids);
        if diff_ids.is_none_or(|diff_ids| diff_ids != [layer.digest]) {
            let what = format!("`{name}` has a diff_id that is not its image's digest");
            self.breaks("twins", what);
        }
        match self.is_image(layer, &name) {
            Ok(true) => Ok(()),
            Ok(false) => {
                self.breaks("twins", format!("`{name}` is no EROFS image"));
                Ok(())
            }
            Err(error) => {
                let error = match error.downcast::<Failure>() {
                    Ok(failure) => Error::Transfer(failure),
                    Err(source) => Error::Layer {
                        layer: name,
                        source,
                    },
                };
                self.note("contents", error)
            }
        }
    }

    /// Reads a blob to its end, and says whether it begins as an image does.
    fn is_image(&self, layer: &Descriptor, name: &str) -> io::Result<bool> {
        let task = self.reporter.start(&media::plain(name, 32), layer.size);
        let blob = self.source.blob(layer).map_err(io::Error::other)?;
        let mut blob = Verifier::new(Reported::new(blob, task), layer);
        let mut head = Vec::new();
        (&mut blob)
            .take(erofs::HEAD as u64)
            .read_to_end(&mut head)?;
        io::copy(&mut blob, &mut io::sink())?;
        Ok(erofs::is_image(&head))
    }
}
