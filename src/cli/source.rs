//! From a reference to the place that it names.
//!
//! Verbs take references as plain text and parse them when they run: clap would repeat a value that does not parse, and
//! somebody's password with it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use anyhow::bail;

use super::Printer;
use super::config_file;
use super::settings::Registries;
use crate::artifact::{BlobSource, Layout};
use crate::env;
use crate::reference::{Reference, Repository};
use crate::registry::{Credentials, Endpoint, Registry, Settings, Warnings};

/// What registries want the user to be told: one list for the process, so that each is said once however many places are opened.
static WARNINGS: LazyLock<Arc<Warnings>> = LazyLock::new(Arc::default);

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

/// Opens a place in a registry with the credentials and settings that there are for it.
pub(super) fn registry(place: &Repository) -> anyhow::Result<Registry> {
    registry_with(place, None, None)
}

/// The same, where blobs may be in another repository of the registry already, and where notes for the next run are kept in
/// a folder.
pub(super) fn registry_with(
    place: &Repository,
    mount_from: Option<String>,
    notes: Option<PathBuf>,
) -> anyhow::Result<Registry> {
    let registries = Registries::read()?;
    let access = registries.access(&place.registry);
    let endpoint = |registry: &str| -> anyhow::Result<Endpoint> {
        let certificates = registries.certificates(registry)?;
        Ok(Endpoint {
            registry: registry.to_owned(),
            credentials: credentials(registry, &place.name)?,
            plain_http: registries.access(registry).plain_http,
            authorities: certificates.authorities,
            identity: certificates.identity,
        })
    };
    let settings = Settings {
        origin: endpoint(&place.registry)?,
        mirrors: access
            .mirrors
            .iter()
            .map(|mirror| {
                // The grammar of references says what a host is.
                format!("{mirror}/x").parse::<Repository>()?;
                endpoint(mirror)
            })
            .collect::<anyhow::Result<_>>()?,
        tags_from_mirrors: access.tags_from_mirrors,
        mount_from,
        notes,
        warnings: WARNINGS.clone(),
    };
    Ok(Registry::with(place.clone(), settings)?)
}

/// Says what registries wanted the user to be told since the last time.
pub(super) fn warn(printer: &Printer) {
    for warning in WARNINGS.take() {
        printer.warning(warning);
    }
}

/// What Docker or Podman have for a repository: the first place that has something, in the order in which they look.
fn credentials(registry: &str, repository: &str) -> anyhow::Result<Credentials> {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    let home = set(env::HOME);
    let places = [
        set(env::REGISTRY_AUTH_FILE),
        set(env::XDG_RUNTIME_DIR).map(|dir| dir.join("containers/auth.json")),
        config_file::user_folder().map(|dir| dir.join("containers/auth.json")),
        set(env::DOCKER_CONFIG)
            .or_else(|| home.map(|home| home.join(".docker")))
            .map(|dir| dir.join("config.json")),
    ];
    for place in places.into_iter().flatten() {
        let found = Credentials::from_docker(&place, registry, repository)?;
        if !found.is_anonymous() {
            return Ok(found);
        }
    }
    Ok(Credentials::anonymous())
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
