//! What a process sees mounted, by the kernel's own table (`proc_pid_mountinfo(5)`).

use std::fs;
use std::path::Path;

/// The table of one mount namespace, as it was when it was read.
#[derive(Debug)]
pub(super) struct Table(String);

impl Table {
    /// That of our own process.
    pub(super) fn own() -> Option<Self> {
        Self::read("self")
    }

    /// That of another process, if it is there and we may look.
    pub(super) fn of(process: i32) -> Option<Self> {
        Self::read(&process.to_string())
    }

    fn read(process: &str) -> Option<Self> {
        let table = fs::read_to_string(format!("/proc/{process}/mountinfo"));
        table.ok().map(Self)
    }

    /// Whether something is mounted at a place.
    pub(super) fn has(&self, place: &Path) -> bool {
        self.options(place).is_some()
    }

    /// Whether nobody can write through what is mounted at a place.
    pub(super) fn has_read_only(&self, place: &Path) -> bool {
        let options = self.options(place).unwrap_or_default();
        options.split(',').any(|option| option == "ro")
    }

    /// The options of the mount at a place: the sixth field of a line whose fifth is the place, with blanks and the like
    /// in octal. Of several at one place the last one is seen.
    fn options(&self, place: &Path) -> Option<&str> {
        let mut written = String::new();
        for character in place.to_str()?.chars() {
            match character {
                ' ' => written.push_str("\\040"),
                '\t' => written.push_str("\\011"),
                '\n' => written.push_str("\\012"),
                '\\' => written.push_str("\\134"),
                other => written.push(other),
            }
        }
        self.0.lines().rev().find_map(|line| {
            let mut fields = line.split(' ').skip(4);
            (fields.next() == Some(&*written)).then(|| fields.next().unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_table_is_read() {
        let table = Table::own().unwrap();
        assert!(table.has(Path::new("/proc")));
        assert!(!table.has(Path::new("/proc/self")));
        assert!(Table::of(i32::MAX).is_none());
    }

    #[test]
    fn the_last_mount_at_a_place_counts() {
        let table = Table(
            "1 0 8:1 /v /a\\040b rw,nodev - ext4 /dev/x rw\n\
             2 0 8:1 /v /a\\040b ro,nodev - ext4 /dev/x rw\n\
             3 0 8:1 /v /c ro - ext4 /dev/x rw\n\
             4 0 8:1 /v /c rw - ext4 /dev/x rw\nbroken\n"
                .to_owned(),
        );
        assert!(table.has_read_only(Path::new("/a b")));
        assert!(table.has(Path::new("/c")) && !table.has_read_only(Path::new("/c")));
        assert!(!table.has(Path::new("/d")) && !table.has_read_only(Path::new("/d")));
    }
}
