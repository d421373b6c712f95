//! Places that artifacts are written to.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::source;
use crate::artifact::{self, BlobSink, BlobSource, Folder, Layout};
use crate::reference::{DEFAULT_TAG, Reference, Repository};
use crate::registry::Registry;

/// A place to write to, which may hold something already.
pub(super) enum Target {
    Registry(Box<Registry>),
    Folder {
        folder: Folder,
        layout: Layout,
    },
    /// A layout beside the archive that becomes it.
    Archive {
        folder: Folder,
        scratch: tempfile::TempDir,
        file: PathBuf,
    },
}

impl Target {
    /// Opens a place. `mount_from` is where blobs come from, which a registry may have already.
    pub(super) fn open(
        reference: &Reference,
        mount_from: Option<&Repository>,
    ) -> anyhow::Result<Self> {
        Self::open_noting(reference, mount_from, None)
    }

    /// Opens a place about which notes for the next run are kept in a folder: what is unfinished, and what is where.
    pub(super) fn open_noting(
        reference: &Reference,
        mount_from: Option<&Repository>,
        notes: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        Ok(match reference {
            Reference::Registry(place) if place.digest.is_some() => {
                bail!("A digest is what writing finds out; name a tag instead: `{place}`")
            }
            Reference::Registry(place) => {
                let from = mount_from
                    .filter(|from| from.registry == place.registry && from.name != place.name)
                    .map(|from| from.name.clone());
                Self::Registry(Box::new(source::registry_with(place, from, notes)?))
            }
            Reference::Layout { dir, tag } => {
                let tag = tag.as_deref().unwrap_or(DEFAULT_TAG);
                Self::Folder {
                    folder: Folder::open(dir, tag)?,
                    layout: Layout::folder(dir, Some(tag)),
                }
            }
            Reference::Archive { file, tag } => {
                let beside = file.parent().filter(|dir| !dir.as_os_str().is_empty());
                let beside = beside.unwrap_or(Path::new("."));
                let scratch = tempfile::TempDir::new_in(beside)
                    .with_context(|| format!("Cannot write to `{}`", beside.display()))?;
                let tag = tag.as_deref().unwrap_or(DEFAULT_TAG);
                Self::Archive {
                    folder: Folder::open(&scratch.path().join("layout"), tag)?,
                    scratch,
                    file: file.clone(),
                }
            }
            Reference::DockerArchive { .. } => {
                bail!(
                    "Can only write to a registry, `oci:DIR` or `oci-archive:FILE`, not to `{reference}`"
                )
            }
        })
    }

    /// Where content goes.
    pub(super) fn sink(&self) -> &dyn BlobSink {
        match self {
            Self::Registry(registry) => &**registry,
            Self::Folder { folder, .. } | Self::Archive { folder, .. } => folder,
        }
    }

    /// What is there already. An archive is always written anew.
    pub(super) fn there(&self) -> Option<&dyn BlobSource> {
        match self {
            Self::Registry(registry) => Some(&**registry),
            Self::Folder { layout, .. } => Some(layout),
            Self::Archive { .. } => None,
        }
    }

    /// Makes visible what only shows when it is whole.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        if let Self::Archive { scratch, file, .. } = &self {
            artifact::write_archive(&scratch.path().join("layout"), file)?;
        }
        Ok(())
    }
}
