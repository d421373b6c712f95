//! `[runtime]`: for which flavours and platforms it is given.

use super::Findings;
use super::volume::check_names;
use crate::spec::types::{Document, Libc};

const HINT: &str = "Name the archives that hold glibc and the runtime libraries of GCC, as in `libc6 = { url = \"…\", sha256 = \"…\" }`";

pub(super) fn check(document: &Document, findings: &mut Findings) {
    let libc = document.volume.libc;
    let Some(runtime) = &document.runtime else {
        if libc == Libc::Any {
            let message = "`libc = \"any\"` without `[runtime]`";
            findings.add_with_hint(["volume", "libc"], message, HINT);
        }
        return;
    };
    for (key, archives) in [("amd64", &runtime.amd64), ("arm64", &runtime.arm64)] {
        check_names(&["runtime", key].into(), archives.keys(), findings);
    }
    match libc {
        Libc::Musl => findings.add_with_hint(
            ["runtime"],
            "`[runtime]` does not go with `libc = \"musl\"`",
            "Leave it out: it is glibc, and a musl volume uses the musl of its image",
        ),
        Libc::Gnu => {}
        Libc::Any => {
            for platform in &document.volume.platforms {
                let key = platform.architecture.oci();
                if runtime.archives(platform.architecture).is_empty() {
                    let message =
                        format!("No C runtime for `{platform}`, which is in `volume.platforms`");
                    findings.add_with_hint(["runtime", key], message, HINT);
                }
            }
        }
    }
}
