//! Which volumes are mounted right now, in whatever container: read from the kernel, so that not even a forgotten
//! lease lets a volume be taken from under a process.
//!
//! Every mount namespace with a process in it shows in `/proc/PID/mountinfo`, where the fourth field is the folder that
//! a bind mount shows (`proc_pid_mountinfo(5)`). Who is not root sees only own processes.

use std::collections::{BTreeSet, HashSet};
use std::fs;

/// Folders of a store that are mounted somewhere: the names below `volumes/` and `trash/`.
pub(super) fn mounted() -> BTreeSet<String> {
    let mut namespaces = HashSet::new();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name();
        if !pid.as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        // Processes that ended meanwhile, or are somebody else's, say nothing.
        let Ok(namespace) = fs::read_link(entry.path().join("ns/mnt")) else {
            continue;
        };
        if !namespaces.insert(namespace) {
            continue;
        }
        if let Ok(table) = fs::read_to_string(entry.path().join("mountinfo")) {
            found.extend(table.lines().filter_map(folder_of));
        }
    }
    found
}

/// The name of the store's folder that a line of mountinfo shows. What stands before it depends on where the store's
/// file system begins, so it is not looked at; a folder too many is only kept for longer.
fn folder_of(line: &str) -> Option<String> {
    let root = line.split(' ').nth(3)?;
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
        let line = |root: &str| {
            format!("83 32 254:0 {root} /opt/backend.ai ro,relatime - ext4 /dev/vda rw")
        };
        assert_eq!(
            folder_of(&line("/var/lib/krunner/volumes/ab12/fs")),
            Some("ab12".to_owned())
        );
        assert_eq!(
            folder_of(&line("/trash/ab12-1/fs")),
            Some("ab12-1".to_owned())
        );
        assert_eq!(
            folder_of(&line("/volumes/ab12/fs/lib/fs")),
            Some("ab12".to_owned())
        );
        assert_eq!(folder_of(&line("/")), None);
        assert_eq!(folder_of(&line("/fs")), None);
        assert_eq!(folder_of("broken"), None);
    }
}
