//! `[ttyd]`: how the terminal comes about.

use super::Findings;
use super::path::check_relative;
use super::volume::check_names;
use crate::spec::types::{Document, Toolchain, Ttyd};

pub(super) fn check(document: &Document, findings: &mut Findings) {
    let Some(ttyd) = &document.ttyd else { return };
    let is_version = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    if ttyd.version.is_empty() || !ttyd.version.chars().all(is_version) {
        let message = format!("Not a version: `{}`", ttyd.version);
        findings.add(["ttyd", "version"], message);
    }
    if ttyd.hangup <= ttyd.ping {
        let message = format!(
            "`ttyd.hangup` must be more than `ttyd.ping` ({}): `{}`",
            ttyd.ping, ttyd.hangup
        );
        findings.add(["ttyd", "hangup"], message);
    }
    ways(ttyd, findings);
    if let Some(toolchain) = &ttyd.toolchain {
        check_toolchain(toolchain, findings);
    }
    if let Some(binary) = &ttyd.binary {
        for platform in &document.volume.platforms {
            if binary.source(platform.architecture).is_none() {
                let key = platform.architecture.oci();
                let message = format!("No ttyd for `{platform}`, which is in `volume.platforms`");
                findings.add(["ttyd", "binary", key], message);
            }
        }
    }
}

/// Sources with a toolchain, or a binary.
fn ways(ttyd: &Ttyd, findings: &mut Findings) {
    match (&ttyd.sources, &ttyd.toolchain, &ttyd.binary) {
        (Some(_), Some(_), None) | (None, None, Some(_)) => {}
        (None, None, None) => findings.add_with_hint(
            ["ttyd"],
            "ttyd from nothing",
            "Add `[ttyd.sources]` and `[ttyd.toolchain]`, or `[ttyd.binary]`",
        ),
        (_, _, Some(_)) => findings.add_with_hint(
            ["ttyd", "binary"],
            "ttyd both compiled and ready-made",
            "Keep `[ttyd.sources]` and `[ttyd.toolchain]`, or `[ttyd.binary]`",
        ),
        (Some(_), None, None) => findings.add(
            ["ttyd", "sources"],
            "`[ttyd.sources]` without `[ttyd.toolchain]`",
        ),
        (None, Some(_), None) => findings.add(
            ["ttyd", "toolchain"],
            "`[ttyd.toolchain]` without `[ttyd.sources]`",
        ),
    }
}

fn check_toolchain(toolchain: &Toolchain, findings: &mut Findings) {
    if let Some(lock) = &toolchain.lock {
        check_relative(["ttyd", "toolchain", "lock"], lock, findings);
    }
    match (toolchain.glibc, toolchain.musl) {
        (Some(_), Some(_)) => findings.add(
            ["ttyd", "toolchain", "musl"],
            "`ttyd.toolchain` with both `glibc` and `musl`",
        ),
        (None, None) if toolchain.lock.is_some() => findings.add_with_hint(
            ["ttyd", "toolchain"],
            "`ttyd.toolchain` with neither `glibc` nor `musl`",
            "Give the version in the root that the tools run in: it decides which wheels fit",
        ),
        _ => {}
    }
    for (key, archives) in [("amd64", &toolchain.amd64), ("arm64", &toolchain.arm64)] {
        check_names(
            &["ttyd", "toolchain", key].into(),
            archives.keys(),
            findings,
        );
    }
}
