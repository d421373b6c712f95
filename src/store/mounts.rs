//! Which volumes are mounted right now, in whatever container: read from the kernel, so that not even a forgotten
//! lease lets a volume be taken from under a process.
//!
//! Every mount namespace with a process in it shows in `/proc/PID/mountinfo`, with the folders that its bind mounts show.
//! Who is not root sees only own processes.

use std::collections::{BTreeSet, HashSet};
use std::fs;

use crate::mountinfo::Table;

/// Folders of a store that are mounted somewhere: the names below `volumes/` and `trash/`.
pub(super) fn mounted() -> BTreeSet<String> {
    let mut namespaces = HashSet::new();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().map(str::parse);
        let Some(Ok(pid)) = pid else {
            continue;
        };
        // Processes that ended meanwhile, or are somebody else's, say nothing.
        let Ok(namespace) = fs::read_link(entry.path().join("ns/mnt")) else {
            continue;
        };
        if !namespaces.insert(namespace) {
            continue;
        }
        if let Some(table) = Table::of(pid) {
            found.extend(table.mounts().filter_map(|mount| folder_of(mount.root)));
        }
    }
    found
}

/// The name of the store's folder that a mount shows. What stands before it depends on where the store's
/// file system begins, so it is not looked at; a folder too many is only kept for longer.
fn folder_of(root: &str) -> Option<String> {
    let parts: Vec<&str> = root.split('/').collect();
    parts.windows(3).find_map(|window| match window {
        ["volumes" | "trash", name, "fs"] => Some((*name).to_owned()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::folder_of;

    #[test]
    fn a_bind_mount_of_a_volume_is_known_by_the_end_of_its_root() {
        assert_eq!(
            folder_of("/var/lib/krunner/volumes/ab12/fs"),
            Some("ab12".to_owned())
        );
        assert_eq!(folder_of("/trash/ab12-1/fs"), Some("ab12-1".to_owned()));
        assert_eq!(
            folder_of("/volumes/ab12/fs/lib/fs"),
            Some("ab12".to_owned())
        );
        assert_eq!(folder_of("/"), None);
        assert_eq!(folder_of("/fs"), None);
    }
}
