//! How much may be written: by one tree, or by several together.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::tool::refusal::Refusal;

/// Entries that a step's trees may have: forty times those of a Python.
const MOST_ENTRIES: usize = 200_000;
/// Bytes that they may have: 4 GiB.
const MOST_BYTES: u64 = 4 << 30;
/// Folders kept open, below the usual limit of 1024 descriptors.
const OPEN_FOLDERS: usize = 256;

/// What trees may have that are written side by side.
#[derive(Debug)]
pub struct Limits {
    entries: AtomicUsize,
    bytes: AtomicU64,
    /// Folders that each of them may keep open.
    pub(super) open_folders: usize,
}

impl Limits {
    /// For so many trees together.
    pub fn of(trees: usize) -> Self {
        Self {
            entries: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            open_folders: (OPEN_FOLDERS / trees.max(1)).max(1),
        }
    }

    /// Counts one more entry.
    pub(super) fn entry(&self) -> Result<(), Refusal> {
        if self.entries.fetch_add(1, Ordering::Relaxed) >= MOST_ENTRIES {
            return Err(Refusal::TooMany(MOST_ENTRIES));
        }
        Ok(())
    }

    /// Counts so many more bytes, few enough that the count never overflows.
    pub(super) fn bytes(&self, count: usize) -> Result<(), Refusal> {
        let count = count as u64;
        if self.bytes.fetch_add(count, Ordering::Relaxed) + count > MOST_BYTES {
            return Err(Refusal::TooLarge(MOST_BYTES));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_trees_keep_no_more_folders_open_than_one() {
        assert_eq!(Limits::of(1).open_folders, OPEN_FOLDERS);
        assert!(Limits::of(24).open_folders * 24 <= OPEN_FOLDERS);
        assert_eq!(Limits::of(1000).open_folders, 1);
    }

    #[test]
    fn the_last_byte_and_entry_fit_and_one_more_does_not() {
        let limits = Limits::of(2);
        for _ in 0..MOST_ENTRIES {
            limits.entry().unwrap();
        }
        assert!(matches!(limits.entry(), Err(Refusal::TooMany(_))));
        limits.bytes(4 << 30).unwrap();
        assert!(matches!(limits.bytes(1), Err(Refusal::TooLarge(_))));
    }
}
