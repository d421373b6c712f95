//! The terminal server is not an old or unpatched one.

use std::fs;

use super::{Report, Volume};
use crate::audit::tree::{Content, Kind};

/// Where it lies.
const PLACE: &str = "bin/ttyd";
/// More than any ttyd has.
const LARGEST: u64 = 64 << 20;
/// The oldest release that is not stale.
const OLDEST: [u32; 3] = [1, 7, 7];
/// What libwebsockets has where nobody patched it: a ping after 300 and a hang-up after 310 seconds, as two
/// little-endian numbers of 16 bits.
const UNPATCHED: [u8; 4] = [0x2c, 0x01, 0x36, 0x01];

const STALE: &str = "build it from the sources that `docs/spec.md` names";
const PATCH: &str =
    "build it with `ttyd.ping` and `ttyd.hangup`: idle terminals behind a proxy are cut off";
const STATIC: &str = "build it static, so that it runs in any image";

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    let Some(entry) = volume.tree.get(PLACE) else {
        return;
    };
    let Kind::File(Content::Elf(facts)) = &entry.kind else {
        report.error(PLACE, "Is no program", STATIC);
        return;
    };
    if facts.interpreter.is_some() || !facts.needed.is_empty() {
        report.error(PLACE, "Is not static", STATIC);
    }
    if entry.size > LARGEST {
        report.error(PLACE, "Is larger than any ttyd", STALE);
        return;
    }
    let bytes = match fs::read(&entry.path) {
        Ok(bytes) => bytes,
        Err(error) => {
            report.error(PLACE, format!("Cannot be read: {error}"), STALE);
            return;
        }
    };
    match version(&bytes) {
        Some((number, _)) if number >= OLDEST => {}
        Some((_, text)) => {
            let [major, minor, patch] = OLDEST;
            let message = format!("Is stale: version {text}, older than {major}.{minor}.{patch}");
            report.error(PLACE, message, STALE);
        }
        None => report.warning(PLACE, "Does not say its version", STALE),
    }
    if bytes
        .windows(UNPATCHED.len())
        .any(|window| window == UNPATCHED)
    {
        report.warning(
            PLACE,
            "Pings after 300 and hangs up after 310 seconds",
            PATCH,
        );
    }
}

/// The version that the build leaves in the binary as a string of its own: `1.7.7`, or with the commit behind it.
///
/// Libraries leave theirs too. A commit is behind ttyd's own only, or `unknown`; and of those that can be ttyd's, which
/// is 1.4 or newer, the others are older: zlib is 1.2 or 1.3.
fn version(bytes: &[u8]) -> Option<([u32; 3], String)> {
    let candidates = bytes.split(|byte| *byte == 0).filter_map(|string| {
        if string.len() > 32 || !string.starts_with(b"1.") {
            return None;
        }
        let text = std::str::from_utf8(string).ok()?;
        let (number, commit) = text.split_once('-').unwrap_or((text, ""));
        let parts: Option<Vec<u32>> = number.split('.').map(|part| part.parse().ok()).collect();
        let number = <[u32; 3]>::try_from(parts?).ok()?;
        let is_own = commit.chars().all(|letter| letter.is_ascii_alphanumeric());
        (is_own && (4..20).contains(&number[1]))
            .then(|| (!commit.is_empty(), number, text.to_owned()))
    });
    candidates.max().map(|(_, number, text)| (number, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_ttyd_is_told_from_those_of_its_libraries() {
        for (strings, expected) in [
            (
                &b"\x001.2.11\x001.6.3-80c6f66\x004.2.1-unknown\x00127.0.0.1\0"[..],
                Some([1, 6, 3]),
            ),
            (b"\x004.3.5-unknown\x001.7.7\x001.3.1\0", Some([1, 7, 7])),
            (b"\x001.3.1\0", None),
            (b"", None),
        ] {
            assert_eq!(version(strings).map(|(number, _)| number), expected);
        }
    }
}
