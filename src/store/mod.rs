//! A node's store: verified blobs, whole volumes by manifest digest, and the names that lead to them.
//!
//! The format is a promise (`docs/store.md`):
//!
//! ```text
//! meta.json                      version and feature flags
//! blobs/sha256/HEX               content as the registry has it
//! ingest/HEX                     blobs on their way in
//! staging/HEX                    volumes on their way in
//! volumes/HEX/{fs,ready.json}    volumes by manifest digest; without ready.json there is none
//! volumes/HEX/image.erofs        instead of files in fs: what is mounted there
//! volumes/HEX/layers/HEX.json    which entries came with which layer
//! names/HEX.json                 a reference, what it leads to, and what it led to before
//! leases/HEX.json                who relies on a volume
//! trash/NAME                     what is about to be deleted
//! locks/{store,HEX}              flock: of the whole store to use or to collect, of a digest to fill
//! cache/zstd                     compressed layers of `krunner publish`
//! ```
//!
//! It knows sources of content, but no registry.

mod arrival;
mod attributes;
mod beneath;
mod blob;
mod commit;
mod deploy;
mod erofs;
mod error;
mod fill;
mod fsck;
mod gc;
mod image;
mod json;
mod lacking;
mod lease;
mod list;
mod lock;
mod memory;
mod mode;
mod mounts;
mod name;
mod order;
mod pieces;
mod pull;
mod reuse;
mod rollback;
mod roots;
mod unpack;
mod volume;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use deploy::Deployed;
pub use error::Error;
pub use fsck::{Checked, Fault, Place, Remedy};
pub use gc::{Collect, Collected};
use lacking::Lacking;
pub use lease::Lease;
pub use list::Held;
pub use mode::{Mode, UnknownMode};
pub use name::{Name, Version};
pub use pull::Pulled;
pub use roots::Reason;
pub use volume::{Ready, Volume};

use crate::fsutil;

/// The version of the format. Raised when an older krunner would misread a store.
const VERSION: u32 = 1;
/// Features that a reader must know. A store says those that it uses.
const FEATURES: &[&str] = &[image::FEATURE];

/// The folders of a store.
const FOLDERS: &[&str] = &[
    "blobs/sha256",
    "ingest",
    "staging",
    "volumes",
    "names",
    "leases",
    "trash",
    "locks",
    "cache/zstd",
];

/// A store in a folder.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    mode: Mode,
    /// Shared by its clones.
    lacking: Lacking,
}

/// `meta.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    version: u32,
    features: Vec<String>,
}

impl Store {
    /// Opens a store, which is made if it is missing.
    pub fn init(root: &Path) -> Result<Self, Error> {
        for folder in FOLDERS {
            let path = root.join(folder);
            fsutil::private_dir(&path).map_err(|source| Error::io("create", &path, source))?;
        }
        let path = root.join("meta.json");
        if !path.exists() {
            let meta = Meta {
                version: VERSION,
                features: Vec::new(),
            };
            json::write(&path, &meta)?;
        }
        Self::open(root)
    }

    /// Opens a store that is there.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let meta: Meta = json::read(&root.join("meta.json"))?
            .ok_or_else(|| Error::NotInitialized(root.to_owned()))?;
        if meta.version != VERSION {
            return Err(Error::Version {
                root: root.to_owned(),
                found: meta.version,
                known: VERSION,
            });
        }
        if let Some(feature) = meta
            .features
            .into_iter()
            .find(|feature| !FEATURES.contains(&feature.as_str()))
        {
            return Err(Error::Feature {
                root: root.to_owned(),
                feature,
            });
        }
        Ok(Self {
            root: root.to_owned(),
            mode: Mode::default(),
            lacking: Lacking::default(),
        })
    }

    /// The same store, into which volumes come in this form.
    #[must_use]
    pub fn with_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where `krunner publish` keeps compressed layers.
    pub fn layer_cache(&self) -> PathBuf {
        self.root.join("cache/zstd")
    }
}
