//! What a process sees mounted, by the kernel's own table (`proc_pid_mountinfo(5)`).

use std::fs;
use std::path::Path;

/// The table of one mount namespace, as it was when it was read.
#[derive(Clone, Debug)]
pub struct Table(String);

/// One line of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mount<'a> {
    /// The folder that it shows, from the root of its own file system; blanks and the like in octal.
    pub root: &'a str,
    /// Where it is mounted, written like that, too.
    pub place: &'a str,
    /// Its options, with commas between them.
    pub options: &'a str,
}

impl Table {
    /// That of our own process.
    pub fn own() -> Option<Self> {
        Self::read("self")
    }

    /// That of another process, if it is there and we may look.
    pub fn of(process: i32) -> Option<Self> {
        Self::read(&process.to_string())
    }

    fn read(process: &str) -> Option<Self> {
        let table = fs::read_to_string(format!("/proc/{process}/mountinfo"));
        table.ok().map(Self)
    }

    /// All mounts, the last ones made last. What is no line of such a table is passed over.
    pub fn mounts(&self) -> impl DoubleEndedIterator<Item = Mount<'_>> {
        self.0.lines().filter_map(|line| {
            let mut fields = line.split(' ').skip(3);
            Some(Mount {
                root: fields.next()?,
                place: fields.next()?,
                options: fields.next()?,
            })
        })
    }

    /// What is mounted at a place: of several the last one, which hides the others.
    pub fn at(&self, place: &Path) -> Option<Mount<'_>> {
        let place = escape(place.to_str()?);
        self.mounts().rev().find(|mount| mount.place == place)
    }
}

impl Mount<'_> {
    /// Whether nobody can write through it.
    pub fn is_read_only(&self) -> bool {
        self.options.split(',').any(|option| option == "ro")
    }
}

/// A path as the kernel writes it.
fn escape(path: &str) -> String {
    let mut written = String::new();
    for character in path.chars() {
        match character {
            ' ' => written.push_str("\\040"),
            '\t' => written.push_str("\\011"),
            '\n' => written.push_str("\\012"),
            '\\' => written.push_str("\\134"),
            other => written.push(other),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_table_is_read() {
        let table = Table::own().unwrap();
        assert!(table.at(Path::new("/proc")).is_some());
        assert!(table.at(Path::new("/proc/self")).is_none());
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
        let read_only = |place: &str| Some(table.at(Path::new(place))?.is_read_only());
        assert_eq!(read_only("/a b"), Some(true));
        assert_eq!(read_only("/c"), Some(false));
        assert_eq!(read_only("/d"), None);
        assert_eq!(table.mounts().count(), 4);
    }
}
