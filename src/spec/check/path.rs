//! Paths that are relative and stay where they are put.

use crate::spec::KeyPath;

use super::Findings;

/// Why `text` is no path that stays below the folder it is relative to; `None` if it is one.
/// One spelling per path: `a//b` and `./a` are refused too, so that equal paths are equal texts.
pub(in crate::spec) fn relative(text: &str) -> Option<&'static str> {
    // PATH_MAX with room for what it is relative to.
    if text.len() > 2048 {
        return Some("too long");
    }
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return Some("with a backslash or a control character");
    }
    if text.starts_with('/') {
        return Some("absolute");
    }
    if text.split('/').any(|part| part == "..") {
        return Some("leading outside with `..`");
    }
    if text.split('/').any(|part| matches!(part, "" | ".")) {
        return Some("with an empty or `.` part");
    }
    None
}

/// Notes what is wrong with a relative path.
pub(super) fn check_relative(path: impl Into<KeyPath>, text: &str, findings: &mut Findings) {
    if let Some(why) = relative(text) {
        let message = format!("Not a usable relative path ({why}): `{text}`");
        findings.add(path, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_below_are_taken() {
        for path in ["a", "a/b", "lib/python3.13/site-packages", "a b/ü"] {
            assert_eq!(relative(path), None, "{path}");
        }
        for path in [
            "", "/", "/a", "..", "a/../b", "./a", "a//b", "a/", "a\\b", "a\0",
        ] {
            assert!(relative(path).is_some(), "{path}");
        }
    }
}
