//! Entries that are neither a file, a folder nor a link.

use super::Crafted;
use crate::common::layout::Tar;

pub(super) fn all() -> Vec<Crafted> {
    let tar = Tar::default;
    vec![
        (
            "a character device",
            tar().entry(b'3', "null", "", 0o666, b"").finish(),
            "character device",
        ),
        (
            "a block device",
            tar().entry(b'4', "disk", "", 0o666, b"").finish(),
            "block device",
        ),
        (
            "a pipe",
            tar().entry(b'6', "pipe", "", 0o666, b"").finish(),
            "pipe",
        ),
        (
            "a contiguous file",
            tar().entry(b'7', "file", "", 0o644, b"").finish(),
            "contiguous",
        ),
        (
            "an unknown type",
            tar().entry(b'Q', "file", "", 0o644, b"").finish(),
            "unknown type",
        ),
        (
            "a global header",
            tar()
                .entry(b'g', "g", "", 0o644, b"12 path=abc\n")
                .file("f", b"x")
                .finish(),
            "global",
        ),
        (
            "a sparse file",
            tar().pax("GNU.sparse.major", "1").file("f", b"x").finish(),
            "sparse",
        ),
        (
            "a sparse file of old GNU",
            tar().entry(b'S', "sparse", "", 0o644, b"").finish(),
            "sparse",
        ),
        (
            "a continuation of another volume",
            tar().entry(b'M', "more", "", 0o644, b"").finish(),
            "unknown type",
        ),
        (
            "a volume's label",
            tar().entry(b'V', "label", "", 0o644, b"").finish(),
            "unknown type",
        ),
    ]
}
