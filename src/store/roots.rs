//! What must stay, and why: everything else may be collected.

use std::collections::BTreeMap;

use serde::Serialize;

use super::mounts::mounted;
use super::{Error, Name, Store, lease};
use crate::digest::Digest;

/// Why a volume stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// A reference leads to it.
    Name {
        /// The reference.
        reference: String,
    },
    /// A reference led to it, and may be rolled back.
    Previous {
        /// The reference.
        reference: String,
    },
    /// Somebody holds it.
    Lease {
        /// The lease's ID.
        id: String,
    },
    /// It is mounted in some process's view of the file system.
    Mounted,
}

/// Reasons by the digest of the volume's manifest.
pub(super) type Roots = BTreeMap<Digest, Vec<Reason>>;

impl Store {
    /// Why volumes stay, if of each reference the `keep_last` newest versions do, the current one among them.
    pub(super) fn roots(&self, names: &[Name], keep_last: usize) -> Result<Roots, Error> {
        let mut roots = Roots::new();
        let mut add = |manifest: &Digest, reason: Reason| {
            roots.entry(*manifest).or_default().push(reason);
        };
        for name in names {
            let reference = || name.reference.clone();
            for (age, version) in kept(name, keep_last).enumerate() {
                for manifest in version.platforms.values() {
                    let reference = reference();
                    add(
                        manifest,
                        match age {
                            0 => Reason::Name { reference },
                            _ => Reason::Previous { reference },
                        },
                    );
                }
            }
        }
        let now = lease::now();
        for lease in self.leases()? {
            if lease.holds(now) {
                add(&lease.manifest, Reason::Lease { id: lease.id });
            }
        }
        for folder in mounted() {
            if let Ok(manifest) = Digest::parse_hex(&folder) {
                add(&manifest, Reason::Mounted);
            }
        }
        Ok(roots)
    }
}

/// The newest versions of a name; the current one always.
pub(super) fn kept(name: &Name, keep_last: usize) -> impl Iterator<Item = &super::Version> {
    name.versions().take(keep_last.max(1))
}
