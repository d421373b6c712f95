//! A place in a registry, and the connections to it.

use std::path::PathBuf;

use tokio::runtime::{Builder, Runtime};

use super::host::Host;
use super::settings::{Endpoint, Settings};
use super::vacant::Vacancy;
use super::{Credentials, Error};
use crate::parallel::Gate;
use crate::reference::Repository;

/// Blobs that are sent in pieces at a time: a piece is in memory until it has arrived.
const IN_PIECES: usize = 4;

/// A place in a registry: one repository, and a tag or digest in it.
///
/// Its methods block, and so must not be called from inside an asynchronous runtime's own threads.
pub struct Registry {
    pub(super) place: Repository,
    pub(super) origin: Host,
    pub(super) mirrors: Vec<Host>,
    pub(super) tags_from_mirrors: bool,
    pub(super) mount_from: Option<String>,
    pub(super) notes: Option<PathBuf>,
    pub(super) vacancy: Vacancy,
    pub(super) in_pieces: Gate,
    pub(super) runtime: Runtime,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registry({})", self.place)
    }
}

impl Registry {
    /// Prepares the connection; nothing is sent yet. Plain HTTP is spoken to registries on this machine only.
    pub fn new(place: Repository, credentials: Credentials) -> Result<Self, Error> {
        let origin = Endpoint::new(&place.registry, credentials);
        Self::with(place, Settings::new(origin))
    }

    /// Prepares the connection in a way of choice.
    pub fn with(place: Repository, settings: Settings) -> Result<Self, Error> {
        // One thread of its own drives the sockets while the callers' threads read, hash and unpack.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|_| Error::Protocol {
                registry: place.registry.clone(),
                message: "no thread for the network".to_owned(),
            })?;
        let handle = runtime.handle();
        let warnings = &settings.warnings;
        let mirrors = settings
            .mirrors
            .into_iter()
            .map(|mirror| {
                Host::new(
                    &mirror,
                    Some(place.registry.clone()),
                    warnings.clone(),
                    handle.clone(),
                )
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            origin: Host::new(&settings.origin, None, warnings.clone(), handle.clone())?,
            mirrors,
            tags_from_mirrors: settings.tags_from_mirrors,
            mount_from: settings.mount_from,
            notes: settings.notes,
            vacancy: Vacancy::default(),
            in_pieces: Gate::new(IN_PIECES),
            place,
            runtime,
        })
    }

    /// Who is asked for something, in order.
    pub(super) fn hosts(&self, by_digest: bool) -> impl Iterator<Item = &Host> {
        let mirrors = if by_digest || self.tags_from_mirrors {
            &self.mirrors[..]
        } else {
            &[]
        };
        mirrors.iter().chain([&self.origin])
    }

    /// Asks one host after the other until one has it. The registry's own answer is the last, and the one that counts.
    pub(super) fn ask<'a, T>(
        &'a self,
        by_digest: bool,
        mut ask: impl FnMut(&'a Host) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut result = None;
        for host in self.hosts(by_digest) {
            let answer = ask(host);
            if answer.is_ok() {
                return answer;
            }
            result = Some(answer);
        }
        result.unwrap_or_else(|| Err(self.origin.protocol("nobody to ask")))
    }

    /// The scope of a token that reads.
    pub(super) fn pull_scope(&self) -> String {
        format!("repository:{}:pull", self.place.name)
    }

    /// The scope of a token that writes.
    pub(super) fn push_scope(&self) -> String {
        format!("repository:{}:pull,push", self.place.name)
    }

    /// Something in the repository, for messages.
    pub(super) fn what(&self, wanted: &str) -> String {
        let separator = if wanted.contains(':') { '@' } else { ':' };
        format!(
            "{}/{}{separator}{wanted}",
            self.place.registry, self.place.name
        )
    }
}
