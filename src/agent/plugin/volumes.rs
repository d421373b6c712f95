//! The engine's volumes, and who has them mounted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::guard::Guard;
use super::options::{Invalid, Options};
use crate::agent::node::Node;
use crate::agent::records::Records;
use crate::agent::{self, locked};
use crate::digest::Digest;
use crate::platform::Platform;

/// What the leases of mounts begin with.
const LEASE: &str = "docker:";

/// A volume of the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::agent) struct Volume {
    pub(super) name: String,
    /// As it was asked for.
    pub(super) wanted: String,
    /// As the store writes it.
    pub(super) reference: String,
    pub(super) platform: Platform,
    pub(super) fresh: bool,
    /// Who has it mounted, by the engine's ID.
    #[serde(default)]
    pub(super) mounts: BTreeMap<String, Mount>,
}

/// A mount of a volume. Each keeps the version that it began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mount {
    pub(super) manifest: Digest,
    /// An engine asks again with the same ID, to copy files from a running container for one, and then unmounts twice.
    pub(super) count: u32,
    /// The boot of the machine in which it came about: no container outlives that.
    boot: String,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(in crate::agent) enum Error {
    /// The engine never made it, or has removed it.
    #[error("No such volume: `{0}`")]
    NoVolume(String),
    /// It is there, and something else.
    #[error("Volume `{0}` is there with other options")]
    Other(String),
    /// Options.
    #[error(transparent)]
    Options(#[from] Invalid),
    /// The agent.
    #[error("{}", .0.chain())]
    Agent(#[from] agent::Error),
}

/// All volumes of all engines that use this plugin.
#[derive(Debug)]
pub(in crate::agent) struct Plugin {
    volumes: Records<Volume>,
    guard: Guard,
    boot: String,
    /// Held while a record is read and written. Inside: leases of mounts that are just coming about.
    coming: Mutex<BTreeSet<String>>,
}

impl Plugin {
    /// Reads what was remembered, in the agent's own folder.
    pub(in crate::agent) fn open(own: &Path) -> Result<Self, agent::Error> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        Ok(Self {
            volumes: Records::open(own, "plugin")?,
            guard: Guard::open(own)?,
            boot: boot.unwrap_or_default().trim().to_owned(),
            coming: Mutex::default(),
        })
    }

    /// The references that volumes are of.
    pub(in crate::agent) fn references(&self) -> Result<BTreeSet<String>, agent::Error> {
        let volumes = self.volumes.all()?.into_iter();
        Ok(volumes.map(|volume| volume.reference).collect())
    }

    /// All volumes.
    pub(super) fn all(&self) -> Result<Vec<Volume>, Error> {
        Ok(self.volumes.all()?)
    }

    /// A volume.
    pub(super) fn get(&self, name: &str) -> Result<Volume, Error> {
        let found = self.volumes.get(name)?;
        found
            .filter(|volume| volume.name == name)
            .ok_or_else(|| Error::NoVolume(name.to_owned()))
    }

    /// Remembers a volume; the same again is fine.
    pub(super) fn create(
        &self,
        node: &Node,
        name: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let _one_at_a_time = locked(&self.coming);
        let there = self.get(name).ok();
        if there.is_some() && options.is_empty() {
            return Ok(());
        }
        let options = Options::parse(options)?;
        let reference = node.resolve(&options.reference)?.to_string();
        let volume = Volume {
            name: name.to_owned(),
            wanted: options.reference,
            reference,
            platform: options.platform.unwrap_or_else(Platform::host),
            fresh: options.fresh,
            mounts: BTreeMap::new(),
        };
        match there {
            Some(there) if there.is_like(&volume) => Ok(()),
            Some(_) => Err(Error::Other(name.to_owned())),
            None => Ok(self.volumes.put(name, &volume)?),
        }
    }

    /// Forgets a volume, and whoever had it mounted. One that is not there is fine.
    pub(super) fn remove(&self, node: &Node, name: &str) -> Result<(), Error> {
        let _one_at_a_time = locked(&self.coming);
        let Ok(volume) = self.get(name) else {
            return Ok(());
        };
        self.volumes.remove(name)?;
        for id in volume.mounts.keys() {
            node.release(&lease(name, id))?;
        }
        self.guard.clear(&self.mounted()?)?;
        node.housekeeping.ring();
        Ok(())
    }

    /// Makes sure that a volume is there, keeps it for a container, and says where it is. `engine` is the process that
    /// asks, if that is known.
    pub(super) fn mount(
        &self,
        node: &Node,
        (name, id): (&str, &str),
        engine: Option<i32>,
    ) -> Result<PathBuf, Error> {
        let lease = lease(name, id);
        {
            let mut coming = locked(&self.coming);
            let mut volume = self.get(name)?;
            if let Some(mount) = volume.mounts.get_mut(id)
                && let Some(there) = node
                    .store
                    .volume(&mount.manifest)
                    .map_err(agent::Error::from)?
            {
                mount.count += 1;
                node.lease(&lease, &mount.manifest, None)?;
                self.volumes.put(name, &volume)?;
                return Ok(self.guard.guarded(&there, engine));
            }
            coming.insert(lease.clone());
        }
        // Others mount and unmount meanwhile: a registry may be slow.
        let mounted = self.mount_anew(node, (name, id), &lease, engine);
        locked(&self.coming).remove(&lease);
        mounted
    }

    fn mount_anew(
        &self,
        node: &Node,
        (name, id): (&str, &str),
        lease: &str,
        engine: Option<i32>,
    ) -> Result<PathBuf, Error> {
        let volume = self.get(name)?;
        let reference = node.resolve(&volume.wanted)?;
        let (ensured, held) =
            node.ensure_leased(&reference, volume.platform, volume.fresh, (lease, None))?;
        let _one_at_a_time = locked(&self.coming);
        // It may have been removed, or mounted by others, in the meantime.
        let recorded = self.get(name).and_then(|mut volume| {
            let mount = Mount {
                manifest: held.manifest,
                count: 1,
                boot: self.boot.clone(),
            };
            volume.mounts.insert(id.to_owned(), mount);
            Ok(self.volumes.put(name, &volume)?)
        });
        if let Err(error) = recorded {
            node.release(lease)?;
            return Err(error);
        }
        // Under the lock, and recorded, so that nobody ends it again.
        Ok(self.guard.guarded(&ensured.volume, engine))
    }

    /// Ends a mount; one that is not there is fine.
    pub(super) fn unmount(&self, node: &Node, name: &str, id: &str) -> Result<(), Error> {
        let _one_at_a_time = locked(&self.coming);
        let mut volume = self.get(name)?;
        let Some(mount) = volume.mounts.get_mut(id) else {
            return Ok(());
        };
        mount.count = mount.count.saturating_sub(1);
        let last = mount.count == 0;
        if last {
            volume.mounts.remove(id);
        }
        self.volumes.put(name, &volume)?;
        if last {
            node.release(&lease(name, id))?;
            self.guard.clear(&self.mounted()?)?;
        }
        Ok(())
    }

    /// Where a volume is, if somebody has it mounted; nothing is pulled for a question.
    pub(super) fn mountpoint(&self, node: &Node, volume: &Volume) -> Option<PathBuf> {
        let mut manifests = volume.mounts.values().map(|mount| mount.manifest);
        manifests.find_map(|manifest| {
            let plain = || Some(node.store.volume(&manifest).ok()??.path);
            self.guard.there(&manifest).or_else(plain)
        })
    }

    /// The manifests of all that is mounted.
    fn mounted(&self) -> Result<BTreeSet<Digest>, agent::Error> {
        let volumes = self.volumes.all()?;
        let mounts = volumes.iter().flat_map(|volume| volume.mounts.values());
        Ok(mounts.map(|mount| mount.manifest).collect())
    }

    /// An engine was started. It counts its mounts anew, and may end one that its predecessor began without beginning it
    /// again: what it began counts from here on, and the first end of any other is its last.
    pub(super) fn activated(&self) -> Result<(), Error> {
        let _one_at_a_time = locked(&self.coming);
        for mut volume in self.volumes.all()? {
            let before = volume.clone();
            for mount in volume.mounts.values_mut() {
                mount.count = 0;
            }
            if volume != before {
                self.volumes.put(&volume.name, &volume)?;
            }
        }
        Ok(())
    }

    /// Ends mounts of another boot, and leases of mounts that nobody remembers: the agent was killed in between.
    pub(in crate::agent) fn clear(&self, node: &Node) -> Result<(), agent::Error> {
        let coming = locked(&self.coming);
        let mut known = coming.clone();
        for mut volume in self.volumes.all()? {
            let before = volume.mounts.len();
            volume.mounts.retain(|_, mount| mount.boot == self.boot);
            if volume.mounts.len() < before {
                self.volumes.put(&volume.name, &volume)?;
            }
            known.extend(volume.mounts.keys().map(|id| lease(&volume.name, id)));
        }
        self.guard.clear(&self.mounted()?)?;
        for lease in node.store.leases()? {
            if lease.id.starts_with(LEASE) && !known.contains(&lease.id) {
                node.release(&lease.id)?;
            }
        }
        Ok(())
    }
}

impl Volume {
    /// Whether it is the same wish.
    fn is_like(&self, other: &Self) -> bool {
        self.reference == other.reference
            && self.platform == other.platform
            && self.fresh == other.fresh
    }
}

/// The lease of a mount. Names may be as long as IDs, so the name is there by its digest only.
fn lease(name: &str, id: &str) -> String {
    let hex = Digest::of(name.as_bytes()).hex();
    format!("{LEASE}{id}:{}", &hex[..12])
}
