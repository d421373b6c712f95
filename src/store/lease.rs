//! Leases: who relies on a volume for how long, whatever becomes of the name that led to it.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{Error, Store, json};
use crate::digest::Digest;
use crate::fsutil;

/// Longer than any container's or process's name.
const MAX_ID: usize = 255;

/// Somebody's claim on a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// What its holder calls it, such as a container's ID. There is one lease of each ID.
    pub id: String,
    /// The manifest of the volume.
    pub manifest: Digest,
    /// When it ends by itself, in seconds since 1970; never, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

impl Lease {
    /// Whether it still holds at a time, in seconds since 1970.
    pub fn holds(&self, now: u64) -> bool {
        self.expires.is_none_or(|end| now < end)
    }
}

impl Store {
    /// Keeps a whole volume until the lease is released or ends. A lease of the same ID is replaced.
    pub fn lease(
        &self,
        id: &str,
        manifest: &Digest,
        duration: Option<Duration>,
    ) -> Result<Lease, Error> {
        if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
            return Err(Error::LeaseId(id.escape_debug().to_string()));
        }
        // From here on nobody collects it.
        let _shared = self.shared()?;
        if self.volume(manifest)?.is_none() {
            return Err(Error::Gone(*manifest));
        }
        let lease = Lease {
            id: id.to_owned(),
            manifest: *manifest,
            expires: duration.map(|duration| now().saturating_add(duration.as_secs())),
        };
        json::write(&self.lease_path(id), &lease)?;
        Ok(lease)
    }

    /// Ends a lease. Whether there was one.
    pub fn release(&self, id: &str) -> Result<bool, Error> {
        let path = self.lease_path(id);
        fsutil::remove_file(&path).map_err(|source| Error::io("remove", &path, source))
    }

    /// All leases, sorted by their IDs; those too that ended and were not cleared away yet.
    pub fn leases(&self) -> Result<Vec<Lease>, Error> {
        let mut leases: Vec<Lease> = self.documents("leases")?;
        leases.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(leases)
    }

    /// IDs are anybody's text, so a lease's file is called by the digest.
    pub(super) fn lease_path(&self, id: &str) -> PathBuf {
        let hex = Digest::of(id.as_bytes()).hex();
        self.root.join("leases").join(hex + ".json")
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
