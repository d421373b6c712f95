//! What `docker save` writes, for engines that export no OCI layout.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::Error;
use super::config::Config;
use super::document::{self, MAX_DOCUMENT};
use super::image::{Image, assemble};
use super::layout::{Archive, Files as _};
use super::verifier::read_capped;

/// An archive of saved images.
pub struct DockerArchive(Archive);

impl std::fmt::Debug for DockerArchive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DockerArchive({:?})", self.0.place())
    }
}

/// One image in `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default, deserialize_with = "document::or_default")]
    layers: Vec<String>,
}

impl DockerArchive {
    /// Opens an archive.
    pub fn open(file: &Path) -> Result<Self, Error> {
        Archive::open(file).map(Self)
    }

    /// The images in it. The format has no digests of its files; the config's `diff_ids` cover the layers.
    pub fn images(&self) -> Result<Vec<Image<'_>>, Error> {
        let saved: Vec<Saved> =
            document::parse(&self.small("manifest.json")?, "list of saved images")?;
        if saved.is_empty() {
            return Err(Error::NoImage(self.0.place()));
        }
        saved.iter().map(|saved| self.image(saved)).collect()
    }

    fn image(&self, saved: &Saved) -> Result<Image<'_>, Error> {
        let config = Config::parse(&self.small(&saved.config)?)?;
        let layers = saved
            .layers
            .iter()
            .map(|name| {
                let size = self.0.size(name).ok_or_else(|| self.missing(name))?;
                let name = name.clone();
                let open = move || self.need(&name);
                Ok((size, Box::new(open) as _))
            })
            .collect::<Result<_, Error>>()?;
        assemble(config, BTreeMap::new(), layers)
    }

    fn small(&self, name: &str) -> Result<Vec<u8>, Error> {
        read_capped(self.need(name)?, MAX_DOCUMENT, name)
    }

    fn need(&self, name: &str) -> Result<Box<dyn Read + Send + '_>, Error> {
        self.0.open(name)?.ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &str) -> Error {
        Error::Missing {
            entry: name.to_owned(),
            place: self.0.place(),
        }
    }
}
