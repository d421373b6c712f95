//! Modes and times of what was unpacked, to see that they are still the same.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

/// What is wrong with a mode or a time (in seconds since 1970); nothing, if they are as they should be.
pub(super) fn fault(meta: &Metadata, mode: u32, mtime: u64) -> Option<String> {
    if mode_of(meta) != mode {
        let found = mode_of(meta);
        return Some(format!("Has the mode {found:04o} instead of {mode:04o}"));
    }
    (mtime_of(meta) != mtime).then(|| "Has another time".to_owned())
}

/// Permission bits.
pub(super) fn mode_of(meta: &Metadata) -> u32 {
    meta.permissions().mode() & 0o7777
}

/// Modification time, in seconds since 1970.
pub(super) fn mtime_of(meta: &Metadata) -> u64 {
    u64::try_from(meta.mtime()).unwrap_or(0)
}
