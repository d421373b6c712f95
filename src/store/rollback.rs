//! Rolling back: a reference leads to an earlier version again, at once and without any network.

use super::{Error, Name, Store, Version};
use crate::digest::Digest;

impl Store {
    /// Lets `reference` lead to its newest earlier version that is whole, or to the one whose index is `to`.
    ///
    /// What it led to until now is refused from here on, until somebody pulls it by will.
    pub fn rollback(&self, reference: &str, to: Option<&Digest>) -> Result<Name, Error> {
        let _shared = self.shared()?;
        let _lock = self.lock(&Digest::of(reference.as_bytes()))?;
        let mut name = self
            .name(reference)?
            .ok_or_else(|| Error::NoName(reference.to_owned()))?;
        let wanted = |version: &&Version| match to {
            Some(digest) => version.digest == *digest,
            None => !name.refused.contains(&version.digest),
        };
        let mut whole = None;
        for version in name.history.iter().filter(wanted) {
            if self.is_whole_version(version)? {
                whole = Some(version.clone());
                break;
            }
        }
        let version = whole.ok_or_else(|| Error::NoEarlier {
            reference: reference.to_owned(),
            wanted: to.copied(),
        })?;
        name.refused.remove(&version.digest);
        name.refused.insert(name.current.digest);
        name.turn_to(version);
        self.write_name(&name)?;
        Ok(name)
    }

    fn is_whole_version(&self, version: &Version) -> Result<bool, Error> {
        for manifest in version.platforms.values() {
            if self.volume(manifest)?.is_none() {
                return Ok(false);
            }
        }
        Ok(!version.platforms.is_empty())
    }
}
