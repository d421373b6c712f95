//! One agent: its store, what it follows, and the one use case that all ways in share, [`Node::ensure`].

use std::fs::File;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bell::Bell;
use super::config::Config;
use super::events::{Events, What};
use super::metrics::Requests;
use super::plugin::Plugin;
use super::records::Records;
use super::sources::Sources;
use super::target::Target;
use super::work::Work;
use super::{Error, now, schedule};
use crate::artifact;
use crate::digest::Digest;
use crate::platform::Platform;
use crate::reference::Reference;
use crate::store::{self, Deployed, Lease, Store, Volume};

/// How often a volume may vanish between its being found and its being leased, before somebody is told.
const RACES: u32 = 3;

/// An agent.
pub struct Node {
    pub(super) store: Store,
    pub(super) config: Config,
    pub(super) sources: Box<dyn Sources>,
    pub(super) events: Events,
    pub(super) work: Work,
    pub(super) requests: Requests,
    pub(super) targets: Vec<Target>,
    pub(super) plugin: Plugin,
    /// Names that are in the store because of us, and not by somebody's own pull.
    pub(super) names: Records<Managed>,
    /// Rings when something may be collected.
    pub(super) housekeeping: Bell,
    pub(super) collected: Mutex<super::metrics::Collections>,
    pub(super) started: u64,
    /// One agent for each store: gone with the process, however it ends.
    _lock: File,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({})", self.store.root().display())
    }
}

/// A name that the agent made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Managed {
    pub(super) reference: String,
    /// When somebody last wanted it, in seconds since 1970.
    pub(super) used: u64,
}

/// A volume that is there.
#[derive(Clone, Debug)]
pub struct Ensured {
    /// The reference as the store writes it.
    pub reference: String,
    /// The index that the reference leads to.
    pub digest: Digest,
    /// The volume.
    pub volume: Volume,
    /// Bytes that had to be fetched.
    pub fetched: u64,
}

impl Node {
    /// An agent for a store, if there is no other.
    pub fn new(store: Store, config: Config, sources: Box<dyn Sources>) -> Result<Self, Error> {
        let own = store.root().join("agent");
        crate::fsutil::private_dir(&own).map_err(|source| Error::io("create", &own, source))?;
        let lock = hold(&own.join("lock"), &store)?;
        let targets = config.references.iter().map(|followed| {
            let reference = followed.reference.to_string();
            let there = |platform: &Platform| store.volume_of(&reference, *platform).is_ok();
            // What is there already can wait: a fleet that comes up after a power cut does not ask all at once.
            let delay = if followed.platforms.iter().all(there) {
                followed.jitter.mul_f64(schedule::chance())
            } else {
                Duration::ZERO
            };
            Target::new(followed.clone(), delay)
        });
        Ok(Self {
            targets: targets.collect(),
            plugin: Plugin::open(&own)?,
            names: Records::open(&own, "names")?,
            events: Events::default(),
            work: Work::default(),
            requests: Requests::default(),
            housekeeping: Bell::default(),
            collected: Mutex::default(),
            started: now(),
            store,
            config,
            sources,
            _lock: lock,
        })
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What happens.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// What somebody outside means: the name of a reference that is followed, or a reference. Those may be anybody
    /// who may use the socket, so our own files are theirs only if they are followed.
    pub fn resolve(&self, text: &str) -> Result<Reference, Error> {
        if let Some(target) = self.target(text) {
            return Ok(target.followed.reference.clone());
        }
        match text.parse()? {
            reference @ Reference::Registry(_) => Ok(reference),
            other => Err(Error::Local(other.to_string())),
        }
    }

    /// The followed reference of this name, or of this text.
    pub(super) fn target(&self, text: &str) -> Option<&Target> {
        let called = |target: &&Target| target.followed.name == text || target.reference == text;
        self.targets.iter().find(called)
    }

    /// Makes sure that a volume is there: whatever the reference led to when somebody last looked, or what it names
    /// now if nobody did, or if that is wanted (`fresh`).
    pub fn ensure(
        &self,
        reference: &Reference,
        platform: Platform,
        fresh: bool,
    ) -> Result<Ensured, Error> {
        let name = reference.to_string();
        let mut fetched = 0;
        if (fresh || self.store.volume_of(&name, platform).is_err())
            && let Deployed::Switched { fetched: bytes, .. } =
                self.deploy(reference, &[platform])?
        {
            fetched = bytes;
        }
        self.touch(&name)?;
        let volume = self.store.volume_of(&name, platform)?;
        let known = self.store.name(&name)?;
        let digest = known.map_or(volume.ready.manifest, |name| name.current.digest);
        Ok(Ensured {
            reference: name,
            digest,
            volume,
            fetched,
        })
    }

    /// The same, and keeps it for somebody.
    pub fn ensure_leased(
        &self,
        reference: &Reference,
        platform: Platform,
        fresh: bool,
        lease: (&str, Option<Duration>),
    ) -> Result<(Ensured, Lease), Error> {
        let (id, duration) = lease;
        let mut races = 0;
        loop {
            let ensured = self.ensure(reference, platform, fresh)?;
            match self.lease(id, &ensured.volume.ready.manifest, duration) {
                // Another version came, and this one went, just now.
                Err(Error::Store(store::Error::Gone(_))) if races < RACES => races += 1,
                lease => return Ok((ensured, lease?)),
            }
        }
    }

    /// Keeps a volume for somebody.
    pub fn lease(
        &self,
        id: &str,
        manifest: &Digest,
        duration: Option<Duration>,
    ) -> Result<Lease, Error> {
        let lease = self.store.lease(id, manifest, duration)?;
        self.events.tell(What::Leased {
            id: id.to_owned(),
            manifest: manifest.to_string(),
        });
        Ok(lease)
    }

    /// Ends a lease. Whether there was one.
    pub fn release(&self, id: &str) -> Result<bool, Error> {
        let there = self.store.release(id)?;
        if there {
            self.events.tell(What::Released { id: id.to_owned() });
            self.housekeeping.ring();
        }
        Ok(there)
    }

    /// Lets a reference lead to what it names now, for these platforms and all others that it led to.
    pub(super) fn deploy(
        &self,
        reference: &Reference,
        platforms: &[Platform],
    ) -> Result<Deployed, Error> {
        let name = reference.to_string();
        let known = self.store.name(&name).ok().flatten();
        let mut all = platforms.to_vec();
        match &known {
            Some(known) => all.extend(known.current.platforms.keys()),
            None => self.manage(&name)?,
        }
        all.sort();
        all.dedup();
        let reporter = self.work.on(&name, &self.events);
        let mut found = None;
        self.sources.with(reference, &mut |source| {
            let deployed = match self.store.deploy(source, &name, &all, &reporter) {
                // What somebody once pulled for another platform must not hold this one back.
                Err(store::Error::Artifact(artifact::Error::NoPlatform { .. }))
                    if all != platforms =>
                {
                    self.store.deploy(source, &name, platforms, &reporter)
                }
                result => result,
            };
            found = Some(deployed?);
            Ok(())
        })?;
        let found = found.ok_or(Error::Panic)?;
        match &found {
            Deployed::Switched { digest, fetched } => {
                self.events.tell(What::Deployed {
                    reference: name.clone(),
                    digest: digest.to_string(),
                    platforms: all,
                    fetched: *fetched,
                });
                self.housekeeping.ring();
            }
            Deployed::Refused(digest) => {
                let digest = digest.to_string();
                let held = self.target(&name).and_then(|target| target.state().refused);
                // Once is enough.
                if held.is_none_or(|held| held.to_string() != digest) {
                    self.events.tell(What::HeldBack {
                        reference: name.clone(),
                        digest,
                    });
                }
            }
            Deployed::Unchanged(_) => {}
        }
        Ok(found)
    }

    fn manage(&self, name: &str) -> Result<(), Error> {
        self.names.put(
            name,
            &Managed {
                reference: name.to_owned(),
                used: now(),
            },
        )
    }

    /// Notes that a name of ours is still wanted.
    fn touch(&self, name: &str) -> Result<(), Error> {
        match self.names.get(name)? {
            // To the minute is enough, and spares the disk.
            Some(managed) if managed.used + 60 <= now() => self.manage(name),
            _ => Ok(()),
        }
    }
}

/// Takes the lock of the agents of a store.
fn hold(path: &PathBuf, store: &Store) -> Result<File, Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| Error::io("open", path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Running(store.root().to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(Error::io("lock", path, source)),
    }
}
