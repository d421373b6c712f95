//! From a reference to the place that it names.
//!
//! Verbs take references as plain text and parse them when they run: clap would repeat a value that does not parse, and
//! somebody's password with it.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::artifact::{BlobSource, Layout};
use crate::env;
use crate::platform::{Architecture, Platform};
use crate::reference::{Reference, Repository};
use crate::registry::{Credentials, Registry};

/// Opens a place to read artifacts from.
pub(super) fn open(reference: &Reference) -> anyhow::Result<Box<dyn BlobSource>> {
    Ok(match reference {
        Reference::Registry(place) => Box::new(registry(place)?),
        Reference::Layout { dir, tag } => Box::new(Layout::folder(dir, tag.as_deref())),
        Reference::Archive { file, tag } => Box::new(Layout::archive(file, tag.as_deref())?),
        Reference::DockerArchive { .. } => {
            bail!(
                "A `docker-archive` holds an image and no artifact; `krunner publish` makes one of it"
            )
        }
    })
}

/// Opens a place in a registry with the credentials that Docker has for it.
pub(super) fn registry(place: &Repository) -> anyhow::Result<Registry> {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    let folder =
        set(env::DOCKER_CONFIG).or_else(|| set(env::HOME).map(|home| home.join(".docker")));
    let credentials = match folder {
        Some(folder) => Credentials::from_docker(&folder.join("config.json"), &place.registry)?,
        None => Credentials::anonymous(),
    };
    Ok(Registry::new(place.clone(), credentials)?)
}

/// A reference as the store remembers it: with the whole path, because we may be somewhere else next time.
pub(super) fn canonical(reference: &Reference) -> String {
    let full = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match reference.clone() {
        Reference::Layout { dir, tag } => Reference::Layout {
            dir: full(&dir),
            tag,
        },
        Reference::Archive { file, tag } => Reference::Archive {
            file: full(&file),
            tag,
        },
        other => other,
    }
    .to_string()
}

/// The platform that we run on ourselves.
pub(super) fn host() -> Platform {
    let architecture = if cfg!(target_arch = "aarch64") {
        Architecture::Arm64
    } else {
        Architecture::Amd64
    };
    Platform { architecture }
}
