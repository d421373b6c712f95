//! Paths of keys, by which values are looked up in the text.

use std::fmt;

/// The keys that lead to a value, such as `files`, `0`, `path`. Positions in lists count from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPath(Vec<String>);

impl KeyPath {
    /// The path one key further down.
    #[must_use]
    pub fn with(&self, key: impl fmt::Display) -> Self {
        let mut keys = self.0.clone();
        keys.push(key.to_string());
        Self(keys)
    }

    /// The keys, outermost first.
    pub fn keys(&self) -> &[String] {
        &self.0
    }

    /// Whether `self` is `parent` or stands below it.
    pub fn starts_with(&self, parent: &Self) -> bool {
        self.0.starts_with(&parent.0)
    }
}

/// As TOML writes dotted keys, apart from positions: `files[0].path`, `labels."a.b"`.
impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            if index > 0 && !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
                write!(f, "[{key}]")?;
                continue;
            }
            if index > 0 {
                f.write_str(".")?;
            }
            if !key.is_empty() && key.bytes().all(bare) {
                f.write_str(key)?;
            } else {
                write!(f, "{key:?}")?;
            }
        }
        Ok(())
    }
}

impl<const N: usize> From<[&str; N]> for KeyPath {
    fn from(keys: [&str; N]) -> Self {
        Self(keys.iter().map(ToString::to_string).collect())
    }
}

impl From<&KeyPath> for KeyPath {
    fn from(path: &KeyPath) -> Self {
        path.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_toml_writes_it() {
        let path = KeyPath::from(["files", "0", "path"]);
        assert_eq!(path.to_string(), "files[0].path");
        assert_eq!(
            KeyPath::from(["labels", "a.b"]).to_string(),
            "labels.\"a.b\""
        );
    }
}
