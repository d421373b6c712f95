//! Paths of entries: relative, clean, and checked once, before they are used for anything.

use std::fmt;

use super::refusal::Refusal;

/// Bytes that a path may have.
const LONGEST_PATH: usize = 4096;
/// Bytes that a component may have, by the kernel's rule.
const LONGEST_NAME: usize = 255;
/// Folders that may be nested.
const DEEPEST: usize = 64;

/// The path of an entry beneath the root of a tree; empty for the root itself.
///
/// It has no leading or trailing slash, no `.`, `..` or empty component, and no control character.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryPath(String);

impl EntryPath {
    /// Checks the name of an entry. Leading `./` and one trailing `/` are the only things taken off.
    pub fn parse(name: &[u8]) -> Result<Self, Refusal> {
        let name = std::str::from_utf8(name).map_err(|_| Refusal::NotUtf8)?;
        if name.starts_with('/') {
            return Err(Refusal::Absolute);
        }
        if let Some(control) = name.chars().find(|c| c.is_control()) {
            return Err(Refusal::Character(control));
        }
        let mut name = name;
        while let Some(rest) = name.strip_prefix("./") {
            name = rest;
        }
        let name = name.strip_suffix('/').unwrap_or(name);
        if name.is_empty() || name == "." {
            return Ok(Self::default());
        }
        if name.len() > LONGEST_PATH || name.split('/').count() > DEEPEST {
            return Err(Refusal::TooLong);
        }
        for component in name.split('/') {
            match component {
                ".." => return Err(Refusal::Parent),
                "" | "." => return Err(Refusal::EmptyComponent),
                long if long.len() > LONGEST_NAME => return Err(Refusal::TooLong),
                _ => {}
            }
        }
        Ok(Self(name.to_owned()))
    }

    /// The text, without a leading slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root of the tree.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The folder that holds it; none for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let parent = self.0.rsplit_once('/').map_or("", |(parent, _)| parent);
        Some(Self(parent.to_owned()))
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// The path below `self`.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        match (self.is_root(), below.is_root()) {
            (true, _) => below.clone(),
            (_, true) => self.clone(),
            _ => Self(format!("{}/{}", self.0, below.0)),
        }
    }

    /// What is left when the leading `folder` is taken off; none when it lies elsewhere.
    pub fn strip(&self, folder: &Self) -> Option<Self> {
        if folder.is_root() {
            return Some(self.clone());
        }
        let rest = self.0.strip_prefix(&folder.0)?;
        if rest.is_empty() {
            return Some(Self::default());
        }
        Some(Self(rest.strip_prefix('/')?.to_owned()))
    }

    /// The first component, as a path; the root for the root.
    #[must_use]
    pub fn first(&self) -> Self {
        Self(self.0.split('/').next().unwrap_or_default().to_owned())
    }
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_leading_dots_and_one_trailing_slash_are_taken_off() {
        for (name, path) in [
            ("a/b", "a/b"),
            ("./a/b/", "a/b"),
            ("././a", "a"),
            ("./", ""),
        ] {
            assert_eq!(EntryPath::parse(name.as_bytes()).unwrap().as_str(), path);
        }
    }

    #[test]
    fn a_leading_folder_is_taken_off_by_component() {
        let path = EntryPath::parse(b"python/bin").unwrap();
        let strip = |folder: &[u8]| path.strip(&EntryPath::parse(folder).unwrap());
        assert_eq!(strip(b"python").unwrap().as_str(), "bin");
        assert_eq!(strip(b"pyth"), None);
        assert_eq!(strip(b"").unwrap(), path);
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_no_path_leaves_its_folder(name in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(path) = EntryPath::parse(&name) {
                prop_assert!(!path.as_str().starts_with('/'));
                prop_assert!(!path.as_str().split('/').any(|c| c == ".." || c == "."));
                prop_assert!(!path.as_str().contains('\0'));
            }
        }

        #[test]
        fn a_parent_joined_with_the_name_is_the_path_again(name in "[a-c]{1,3}(/[a-c.]{1,3}){0,4}") {
            if let Ok(path) = EntryPath::parse(name.as_bytes()) {
                let name = EntryPath::parse(path.name().as_bytes()).unwrap();
                prop_assert_eq!(path.parent().unwrap().join(&name), path);
            }
        }
    }
}
