//! The names that a layer may have for things, and how messages show any others.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::Refused;

/// Linux's own limits, and a depth that no packager reaches.
pub(super) const MAX_PATH: usize = 4096;
const MAX_COMPONENT: usize = 255;
const MAX_DEPTH: usize = 64;

/// Somebody's name for something as a message may have it: nothing in it moves a cursor.
pub fn show(name: &[u8]) -> String {
    let mut shown = String::new();
    for letter in String::from_utf8_lossy(name).chars() {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Takes `./` and doubled slashes off a path and refuses what could leave the volume.
pub(super) fn clean(written: &[u8], root_allowed: bool) -> Result<PathBuf, Refused> {
    let refuse = |why| Refused::Path(show(written), why);
    if written.is_empty() {
        return Err(refuse("empty"));
    }
    if written.starts_with(b"/") {
        return Err(refuse("absolute"));
    }
    if written.len() > MAX_PATH {
        return Err(refuse("too long"));
    }
    if written.contains(&0) {
        return Err(refuse("one with a NUL byte"));
    }
    let mut path = PathBuf::new();
    let mut depth = 0;
    for part in written.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => continue,
            b".." => return Err(refuse("one with `..`")),
            _ => {}
        }
        if part.len() > MAX_COMPONENT {
            return Err(refuse("one with too long a name"));
        }
        depth += 1;
        if depth > MAX_DEPTH {
            return Err(refuse("too deep"));
        }
        path.push(OsStr::from_bytes(part));
    }
    if depth == 0 && !root_allowed {
        return Err(refuse("the root of the volume"));
    }
    Ok(path)
}
