//! Entries that are in the way of each other.

use super::Crafted;
use crate::common::layout::Tar;

pub(super) fn all() -> Vec<Crafted> {
    let tar = Tar::default;
    vec![
        (
            "a file through a link",
            tar().symlink("a", "b").file("a/f", b"x").finish(),
            "beneath",
        ),
        (
            "a folder through a link",
            tar().symlink("a", "b").folder("a/d").finish(),
            "beneath",
        ),
        (
            "a file beneath a file",
            tar().file("a", b"x").file("a/f", b"x").finish(),
            "beneath",
        ),
        (
            "a folder that turns into a link",
            tar().file("a/f", b"x").symlink("a", "b").finish(),
            "twice",
        ),
        (
            "a path twice",
            tar().file("f", b"x").file("f", b"y").finish(),
            "twice",
        ),
        (
            "a path twice, written differently",
            tar().file("a/f", b"x").file("./a//f", b"y").finish(),
            "twice",
        ),
        (
            "a file that turns into a folder",
            tar().file("a", b"x").folder("a").finish(),
            "twice",
        ),
        (
            "a folder that turns into a file",
            tar().folder("a").file("a", b"x").finish(),
            "twice",
        ),
        (
            "a link twice",
            tar().symlink("a", "x").symlink("a", "y").finish(),
            "twice",
        ),
        (
            "a hard link over a file",
            tar()
                .file("f", b"x")
                .file("g", b"y")
                .hardlink("g", "f")
                .finish(),
            "twice",
        ),
    ]
}
