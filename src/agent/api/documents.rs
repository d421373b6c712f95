//! What the API takes and tells. These are promises of their own, so the store's own types may change.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agent::node::Ensured;
use crate::agent::work::Piece;
use crate::platform::Platform;
use crate::store::{Collected, Held, Lease, Reason};

/// How the agent stands.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// krunner's version.
    pub version: String,
    /// When the agent was started, in seconds since 1970.
    pub started: u64,
    /// The store's folder.
    pub store: PathBuf,
    /// Whether every reference that is followed is there.
    pub ready: bool,
    /// What is followed, sorted by name.
    pub references: Vec<Following>,
    /// What is being pulled now.
    pub work: Vec<Piece>,
}

/// How it stands with a reference that is followed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Following {
    /// What it is called in the configuration.
    pub name: String,
    /// The reference.
    pub reference: String,
    /// How it stands.
    pub state: Standing,
    /// The index that it leads to.
    pub digest: Option<String>,
    /// The volumes that it leads to.
    pub volumes: Vec<Place>,
    /// When a look last ended, in seconds since 1970.
    pub last_check: Option<u64>,
    /// When a look last succeeded, in seconds since 1970.
    pub last_success: Option<u64>,
    /// When the next look comes, in seconds since 1970.
    pub next_check: u64,
    /// How many looks have failed since one succeeded.
    pub failures: u32,
    /// Why the last look failed, or what is held back.
    pub message: Option<String>,
}

/// How it stands with a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is there, as the registry has it.
    Deployed,
    /// It is being looked at, or pulled.
    Busy,
    /// The last look failed. What was there is there.
    Failing,
    /// The registry has what was rolled back from.
    HeldBack,
    /// Nobody has looked yet.
    Waiting,
}

/// Where a volume is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// What it runs on.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: String,
    /// The folder to mount, read-only.
    pub path: PathBuf,
}

/// A volume in the store.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct VolumeDocument {
    /// Its manifest.
    pub manifest: String,
    /// What it runs on.
    pub platform: Platform,
    /// The folder to mount, read-only.
    pub path: PathBuf,
    /// How many files, folders and links it has.
    pub entries: u64,
    /// How many bytes are in its files.
    pub bytes: u64,
    /// Who wants it; nobody, if it is about to be collected.
    pub kept: Vec<Keeper>,
}

/// Why a volume stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Keeper {
    /// `name`, `previous`, `lease` or `mounted`.
    pub kind: String,
    /// The reference or the lease's ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// All volumes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Volumes {
    /// Sorted by manifest.
    pub(super) volumes: Vec<VolumeDocument>,
}

/// Asks for a volume.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// A reference in a registry, or the name of one that is followed.
    pub(super) reference: String,
    /// For which platform; that of the node unless it is said.
    pub(super) platform: Option<Platform>,
    /// When to ask the registry: only if the volume is `missing` (unless it is said), or `always`.
    #[serde(default)]
    pub(super) pull: Pull,
}

/// When to ask the registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pull {
    #[default]
    Missing,
    Always,
}

/// A volume that was asked for, and is there.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The reference.
    reference: String,
    /// The index that it leads to.
    digest: String,
    /// The volume.
    #[serde(flatten)]
    volume: Place,
    /// Bytes that had to be fetched.
    fetched: u64,
}

/// Asks for a lease: on a volume, or on whatever a reference leads to, which is pulled when it is missing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLease {
    /// What you call it, such as a container's ID: 1 to 255 bytes without control characters. A lease of the same ID is replaced.
    pub(super) id: String,
    /// The manifest of a volume that is there. Either this or `reference`.
    pub(super) manifest: Option<String>,
    /// A reference in a registry, or the name of one that is followed.
    pub(super) reference: Option<String>,
    /// For which platform; that of the node unless it is said.
    pub(super) platform: Option<Platform>,
    /// After how many seconds it ends by itself; never, unless it is said.
    pub(super) seconds: Option<u64>,
}

/// A lease.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LeaseDocument {
    /// What its holder calls it.
    pub id: String,
    /// The volume's manifest.
    pub manifest: String,
    /// When it ends by itself, in seconds since 1970.
    pub expires: Option<u64>,
    /// The folder to mount, read-only, if the volume is there.
    pub path: Option<PathBuf>,
}

/// All leases.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Leases {
    /// Sorted by ID.
    pub(super) leases: Vec<LeaseDocument>,
}

/// Asks for a round of collecting.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Collecting {
    /// Whether to say only what would be done.
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// Asks for a look.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Looking {
    /// The name of a reference that is followed; all of them, unless it is said.
    pub(super) name: Option<String>,
}

/// What was collected, or would be.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct CollectedDocument {
    /// Volumes, by their manifests.
    volumes: Vec<String>,
    /// Blobs.
    blobs: Vec<String>,
    /// Leases that had ended.
    leases: Vec<String>,
    /// The bytes in all of these.
    bytes: u64,
}

/// That the agent lives, or is ready.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Health {
    /// `ok`, or what it waits for.
    pub(super) status: String,
}

impl From<Held> for VolumeDocument {
    fn from(held: Held) -> Self {
        Self {
            manifest: held.ready.manifest.to_string(),
            platform: held.ready.platform,
            path: held.path,
            entries: held.ready.entries,
            bytes: held.ready.bytes,
            kept: held.kept.into_iter().map(Keeper::from).collect(),
        }
    }
}

impl From<Reason> for Keeper {
    fn from(reason: Reason) -> Self {
        let (kind, by) = match reason {
            Reason::Name { reference } => ("name", Some(reference)),
            Reason::Previous { reference } => ("previous", Some(reference)),
            Reason::Lease { id } => ("lease", Some(id)),
            Reason::Mounted => ("mounted", None),
        };
        Self {
            kind: kind.to_owned(),
            by,
        }
    }
}

impl From<Ensured> for Found {
    fn from(ensured: Ensured) -> Self {
        Self {
            reference: ensured.reference,
            digest: ensured.digest.to_string(),
            volume: Place {
                platform: ensured.volume.ready.platform,
                manifest: ensured.volume.ready.manifest.to_string(),
                path: ensured.volume.path,
            },
            fetched: ensured.fetched,
        }
    }
}

impl LeaseDocument {
    pub(super) fn new(lease: Lease, path: Option<PathBuf>) -> Self {
        Self {
            id: lease.id,
            manifest: lease.manifest.to_string(),
            expires: lease.expires,
            path,
        }
    }
}

impl From<Collected> for CollectedDocument {
    fn from(collected: Collected) -> Self {
        let texts =
            |digests: &[crate::digest::Digest]| digests.iter().map(ToString::to_string).collect();
        Self {
            volumes: texts(&collected.volumes),
            blobs: texts(&collected.blobs),
            leases: collected.leases,
            bytes: collected.bytes,
        }
    }
}
