//! Entries that would give rights to whoever runs or opens them.

use super::Crafted;
use crate::common::layout::Tar;

pub(super) fn all() -> Vec<Crafted> {
    let tar = Tar::default;
    vec![
        (
            "a setuid file",
            tar().entry(b'0', "su", "", 0o4755, b"x").finish(),
            "setuid",
        ),
        (
            "a setgid file",
            tar().entry(b'0', "su", "", 0o2755, b"x").finish(),
            "setuid",
        ),
        (
            "a sticky folder",
            tar().entry(b'5', "tmp", "", 0o1777, b"").finish(),
            "sticky",
        ),
        (
            "a file with a capability",
            tar()
                .pax("SCHILY.xattr.security.capability", "\u{1}\0\0\u{2}")
                .file("ping", b"x")
                .finish(),
            "extended attribute",
        ),
        (
            "a file with an access list",
            tar()
                .pax("SCHILY.xattr.system.posix_acl_access", "\u{2}")
                .file("open", b"x")
                .finish(),
            "extended attribute",
        ),
        (
            "a link with the attributes of an overlay",
            tar()
                .pax("SCHILY.xattr.trusted.overlay.redirect", "/etc")
                .folder("etc")
                .finish(),
            "extended attribute",
        ),
        (
            "a setgid folder",
            tar().entry(b'5', "d", "", 0o2755, b"").finish(),
            "setuid",
        ),
    ]
}
