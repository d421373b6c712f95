//! `[volume]`, `[python]` and `[wheels]`.

use std::collections::BTreeSet;
use std::str::FromStr;

use pep440_rs::Version;

use super::Findings;
use super::path::check_relative;
use crate::spec::KeyPath;
use crate::spec::types::{Document, Libc, Volume};

/// The kernel reads at most 127 bytes of a `#!` line on the oldest hosts; `/bin/python3.13` and
/// the `#!` itself take the rest.
const MAX_PREFIX_BYTES: usize = 100;

pub(super) fn check(document: &Document, findings: &mut Findings) {
    volume(&document.volume, findings);
    python(document, findings);
    wheels(document, findings);
}

fn volume(volume: &Volume, findings: &mut Findings) {
    if !is_name(&volume.name) {
        let message = format!("Not a usable name: `{}`", volume.name);
        let hint = "Use at most 64 lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or digit";
        findings.add_with_hint(["volume", "name"], message, hint);
    }
    let prefix = &volume.prefix;
    let inside = prefix.strip_prefix('/');
    if inside.is_none_or(|inside| super::relative(inside).is_some())
        || prefix.contains(char::is_whitespace)
        || prefix.len() > MAX_PREFIX_BYTES
    {
        let message = format!("Not a usable prefix: `{prefix}`");
        let hint = format!(
            "Give an absolute path of at most {MAX_PREFIX_BYTES} bytes without white space, `.` and `..`: scripts of the volume begin with it"
        );
        findings.add_with_hint(["volume", "prefix"], message, hint);
    }
    if volume.platforms.is_empty() {
        findings.add_with_hint(
            ["volume", "platforms"],
            "`volume.platforms` is empty",
            "Name at least one of `linux/amd64`, `linux/arm64`",
        );
    }
    unique(&["volume", "platforms"], &volume.platforms, findings);
    unique(&["volume", "mount_points"], &volume.mount_points, findings);
    let mount_points = KeyPath::from(["volume", "mount_points"]);
    for (index, path) in volume.mount_points.iter().enumerate() {
        check_relative(mount_points.with(index), path, findings);
    }
}

fn python(document: &Document, findings: &mut Findings) {
    let python = &document.python;
    let version = Version::from_str(&python.version).ok();
    if !version.is_some_and(|version| {
        // What decides about markers and tags must be complete, and spelt as `python -V` spells it.
        version.release().len() == 3
            && version.release().first() == Some(&3)
            && version.to_string() == python.version
            && version.local().is_empty()
    }) {
        let message = format!("Not a full CPython version: `{}`", python.version);
        findings.add_with_hint(["python", "version"], message, "Write it as in `3.13.2`");
    }
    if !python.strip.is_empty() {
        check_relative(["python", "strip"], &python.strip, findings);
    }
    for platform in &document.volume.platforms {
        if python.source(platform.architecture).is_none() {
            let key = platform.architecture.oci();
            let message = format!("No Python for `{platform}`, which is in `volume.platforms`");
            let hint = format!("Add `{key} = {{ url = \"…\", sha256 = \"…\" }}` to `[python]`");
            findings.add_with_hint(["python", key], message, hint);
        }
    }
}

fn wheels(document: &Document, findings: &mut Findings) {
    let Some(wheels) = &document.wheels else {
        return;
    };
    check_relative(["wheels", "lock"], &wheels.lock, findings);
    let libc = document.volume.libc;
    let (wrong, right) = match libc {
        Libc::Musl => (wheels.glibc.is_some().then_some("glibc"), "musl"),
        Libc::Gnu | Libc::Any => (wheels.musl.is_some().then_some("musl"), "glibc"),
    };
    if let Some(wrong) = wrong {
        let message = format!("`wheels.{wrong}` does not go with `libc = \"{libc}\"`");
        findings.add_with_hint(
            ["wheels", wrong],
            message,
            format!("Give `{right}` instead"),
        );
    }
}

/// Lower-case letters, digits and `-_.`: what volume names, input names and tags may all hold.
pub(super) fn is_name(name: &str) -> bool {
    let inner = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
    };
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && name.bytes().all(inner)
}

/// That the keys of a table of archives can be parts of input names.
pub(super) fn check_names<'a>(
    table: &KeyPath,
    names: impl Iterator<Item = &'a String>,
    findings: &mut Findings,
) {
    for name in names.filter(|name| !is_name(name)) {
        let hint = "Use lower-case letters, digits, `-`, `_` and `.`";
        let message = format!("Not a usable name: `{name}`");
        findings.add_with_hint(table.with(name), message, hint);
    }
}

fn unique<T: Ord + std::fmt::Display>(path: &[&str; 2], values: &[T], findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (index, value) in values.iter().enumerate() {
        if !seen.insert(value) {
            let message = format!("Given twice: `{value}`");
            findings.add(KeyPath::from(*path).with(index), message);
        }
    }
}
