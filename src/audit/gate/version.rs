//! Every symbol version that is needed is there, or is old enough for every image.
//!
//! A library of the volume must define what is needed of it. Of an image's library nothing may be needed that is newer
//! than what manylinux2014 stands for, `CentOS` 7: the oldest image that is supported.

use super::{Report, Volume};
use crate::audit::tree::{Content, Kind};
use crate::elf::Facts;
use crate::spec::Libc;

/// The newest version of each name that the oldest supported image has.
const FLOOR: [(&str, &[u32]); 4] = [
    ("GLIBC", &[2, 17]),
    ("GLIBCXX", &[3, 4, 19]),
    ("CXXABI", &[1, 3, 7]),
    ("GCC", &[4, 8, 0]),
];

const TOO_NEW: &str = "build it where glibc is 2.17 (manylinux2014), or take an older wheel";
const NOT_THERE: &str = "bring the library of the version that it was built with";

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    for (file, facts) in volume.elves() {
        let Some(needs) = volume.closure.get(file) else {
            continue;
        };
        for (library, versions) in &facts.requires {
            let versions = versions.iter().map(String::as_str);
            match needs.get(library.as_str()).copied().flatten() {
                Some(place) => defined(volume, file, place, versions, report),
                None if volume.profile.libc == Libc::Gnu => {
                    floor(file, library, versions, report);
                }
                // What is missing is a fault of its own, and musl has no versions.
                None => {}
            }
        }
    }
}

fn defined<'a>(
    volume: &Volume<'_>,
    file: &str,
    library: &str,
    versions: impl Iterator<Item = &'a str>,
    report: &mut Report<'_>,
) {
    let Some(provides) = facts(volume, library).map(|facts| &facts.provides) else {
        return;
    };
    // A library without versions satisfies every need of one, and says so when it is loaded.
    let missing = versions.filter(|version| !provides.is_empty() && !provides.contains(*version));
    if let Some(version) = newest(missing) {
        let message = format!("Needs `{version}` of `{library}`, which does not have it");
        report.error(file, message, NOT_THERE);
    }
}

fn facts<'a>(volume: &Volume<'a>, file: &str) -> Option<&'a Facts> {
    match &volume.tree.get(file)?.kind {
        Kind::File(Content::Elf(facts)) => Some(facts),
        _ => None,
    }
}

fn floor<'a>(
    file: &str,
    library: &str,
    versions: impl Iterator<Item = &'a str>,
    report: &mut Report<'_>,
) {
    if let Some(version) = newest(versions.filter(|version| !is_old(version))) {
        let message =
            format!("Needs `{version}` of the image's `{library}`, which old images do not have");
        report.error(file, message, TOO_NEW);
    }
}

/// Whether the oldest supported image has a version.
fn is_old(version: &str) -> bool {
    let Some((name, number)) = version.rsplit_once('_') else {
        return false;
    };
    let limit = FLOOR.iter().find(|(known, _)| *known == name);
    match (limit, parts(number)) {
        (Some((_, limit)), Some(number)) => number.as_slice() <= *limit,
        // Private symbols, and features of a newer dynamic linker, have names instead of numbers.
        _ => false,
    }
}

fn parts(number: &str) -> Option<Vec<u32>> {
    number.split('.').map(|part| part.parse().ok()).collect()
}

/// The newest by number; what has none is newer still.
fn newest<'a>(versions: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    versions.max_by_key(|version| {
        let number = version
            .rsplit_once('_')
            .and_then(|(_, number)| parts(number));
        (number.is_none(), number, *version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for version in [
            "GLIBC_2.2.5",
            "GLIBC_2.17",
            "GLIBCXX_3.4.19",
            "CXXABI_1.3",
            "GCC_3.0",
        ] {
            assert!(is_old(version), "{version}");
        }
        for version in [
            "GLIBC_2.18",
            "GLIBC_2.100",
            "GLIBC_PRIVATE",
            "GLIBC_ABI_DT_RELR",
            "GLIBCXX_3.4.20",
            "X_1",
            "Y",
        ] {
            assert!(!is_old(version), "{version}");
        }
        assert_eq!(
            newest(["GLIBC_2.9", "GLIBC_2.34"].into_iter()),
            Some("GLIBC_2.34")
        );
    }
}
