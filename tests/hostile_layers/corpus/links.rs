//! Links that lead out of the volume, nowhere, or to what is not there yet.

use super::Crafted;
use crate::common::layout::Tar;

pub(super) fn all() -> Vec<Crafted> {
    let tar = Tar::default;
    vec![
        (
            "the root as a link",
            tar().symlink("./", "/etc").finish(),
            "root",
        ),
        (
            "an absolute link",
            tar().symlink("a", "/etc").finish(),
            "outside",
        ),
        (
            "a link upwards",
            tar().symlink("a", "../x").finish(),
            "outside",
        ),
        (
            "links that are harmless one by one",
            tar().symlink("a", ".").symlink("b", "a/../x").finish(),
            "outside",
        ),
        (
            "links in a circle",
            tar().symlink("a", "b").symlink("b", "a").finish(),
            "outside",
        ),
        (
            "a link without a target",
            tar().symlink("a", "").finish(),
            "no target",
        ),
        (
            "a hard link out",
            tar().hardlink("a", "../../etc/hostname").finish(),
            "`..`",
        ),
        (
            "an absolute hard link",
            tar().hardlink("a", "/etc/hostname").finish(),
            "absolute",
        ),
        (
            "a hard link to a link",
            tar().symlink("l", "f").hardlink("a", "l").finish(),
            "no earlier file",
        ),
        (
            "a hard link to what comes later",
            tar().hardlink("a", "f").file("f", b"x").finish(),
            "no earlier file",
        ),
        (
            "a hard link to a folder",
            tar().folder("d").hardlink("a", "d").finish(),
            "no earlier file",
        ),
        (
            "a long link of GNU that leads out",
            tar()
                .entry(b'K', "././@LongLink", "", 0o644, b"../../escape\0")
                .symlink("fine", "x")
                .finish(),
            "outside",
        ),
        (
            "a PAX link that leads out",
            tar().pax("linkpath", "/etc").symlink("fine", "x").finish(),
            "outside",
        ),
        (
            "a PAX hard link that leads out",
            tar()
                .file("x", b"x")
                .pax("linkpath", "../../etc/hostname")
                .hardlink("fine", "x")
                .finish(),
            "`..`",
        ),
        (
            "a hard link to itself",
            tar().hardlink("a", "a").finish(),
            "no earlier file",
        ),
        (
            "a hard link without a target",
            tar().hardlink("a", "").finish(),
            "no target",
        ),
        (
            "a link with content",
            tar().entry(b'2', "a", "x", 0o777, b"content").finish(),
            "content",
        ),
    ]
}
