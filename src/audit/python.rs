//! The Python in a volume: its version, its program, and where its packages are.

use super::Tree;
use super::tree::Kind;

/// A Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Python<'a> {
    /// The folder of its library, such as `lib/python3.13`.
    pub(super) library: &'a str,
    /// The minor version, such as 13.
    pub(super) minor: u32,
    /// The program's file, where links have been followed; none if it is not there.
    pub(super) program: Option<&'a str>,
}

impl<'a> Python<'a> {
    /// The newest Python in the volume.
    pub(super) fn of(tree: &'a Tree, prefix: &str) -> Option<Self> {
        let folders = tree.entries().filter_map(|(name, entry)| {
            let minor = name.strip_prefix("lib/python3.")?.parse().ok()?;
            matches!(entry.kind, Kind::Folder).then_some((minor, name))
        });
        let (minor, library) = folders.max()?;
        let program = tree
            .find_file(&format!("bin/python3.{minor}"), prefix)
            .map(|(name, _)| name);
        Some(Self {
            library,
            minor,
            program,
        })
    }

    /// The folder of its packages.
    pub(super) fn site_packages(&self) -> String {
        format!("{}/site-packages", self.library)
    }
}
