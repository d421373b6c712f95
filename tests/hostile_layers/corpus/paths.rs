//! Names that lead out of the volume, mean something else there, or are none.

use super::Crafted;
use crate::common::layout::Tar;

pub(super) fn all() -> Vec<Crafted> {
    let tar = Tar::default;
    let deep = "d/".repeat(65) + "f";
    let long = "n".repeat(256);
    vec![
        ("a step up", tar().file("../escape", b"x").finish(), "`..`"),
        (
            "a step up in the middle",
            tar().file("a/../../escape", b"x").finish(),
            "`..`",
        ),
        (
            "a step up that comes back",
            tar().file("a/../b", b"x").finish(),
            "`..`",
        ),
        (
            "an absolute path",
            tar().file("/etc/escape", b"x").finish(),
            "absolute",
        ),
        (
            "a PAX path with a step up",
            tar().pax("path", "../escape").file("fine", b"x").finish(),
            "`..`",
        ),
        (
            "an absolute PAX path",
            tar().pax("path", "/etc/escape").file("fine", b"x").finish(),
            "absolute",
        ),
        (
            "too long a name",
            tar().pax("path", &long).file("fine", b"x").finish(),
            "too long",
        ),
        (
            "too deep a path",
            tar().pax("path", &deep).file("fine", b"x").finish(),
            "too deep",
        ),
        (
            "a path with a NUL",
            tar().pax("path", "a\0b").file("fine", b"x").finish(),
            "NUL",
        ),
        ("the root as a file", tar().file(".", b"x").finish(), "root"),
        (
            "a whiteout",
            tar().file("lib/.wh.os.py", b"").finish(),
            "whiteout",
        ),
        (
            "an opaque whiteout",
            tar().file("lib/.wh..wh..opq", b"").finish(),
            "whiteout",
        ),
        (
            "a bare whiteout",
            tar().file(".wh.", b"").finish(),
            "whiteout",
        ),
        (
            "a file in a whiteout",
            tar().file(".wh.a/f", b"").finish(),
            "whiteout",
        ),
        (
            "a long name of GNU with a step up",
            tar()
                .entry(b'L', "././@LongLink", "", 0o644, b"../escape\0")
                .file("fine", b"x")
                .finish(),
            "`..`",
        ),
    ]
}
