//! Tables of wheel sets and what is chosen from them.

use std::fmt::Write as _;

use std::str::FromStr;

use pep440_rs::Version;

use super::{choose, nothing_fits};
use crate::plan::target::{Level, Target};
use crate::platform::Platform;
use crate::spec::lock::{Lock, Package};

const X86: Platform = Platform::AMD64;
const ARM: Platform = Platform::ARM64;

fn target(platform: Platform, level: &str) -> Target {
    let (libc, version) = level.split_once(' ').unwrap();
    Target {
        python: Version::from_str("3.13.2").unwrap(),
        platform,
        level: match libc {
            "glibc" => Level::Glibc(version.parse().unwrap()),
            _ => Level::Musl(version.parse().unwrap()),
        },
    }
}

/// A package `a` 1.0 with wheels of these tags (or `BUILD-TAGS`).
fn package(tags: &[&str]) -> Package {
    let mut text = String::from(
        "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\nwheels = [\n",
    );
    for tags in tags {
        let sha256 = "0".repeat(64);
        let wheel = format!("a-1.0-{tags}.whl");
        writeln!(
            text,
            "{{ path = \"{wheel}\", hashes = {{ sha256 = \"{sha256}\" }} }},"
        )
        .unwrap();
    }
    text.push(']');
    Lock::parse("pylock.toml", &text)
        .unwrap()
        .packages
        .remove(0)
}

fn chosen<'t>(tags: &[&'t str], target: &Target) -> Option<&'t str> {
    let package = package(tags);
    let wheel = choose(&package, &target.tags())?;
    let name = wheel.name.as_str();
    tags.iter().find(|tags| name.contains(**tags)).copied()
}

/// What is shown, the target, the tags of the wheels on offer, and the one that is chosen.
type Case = (
    &'static str,
    Platform,
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
);

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_wheel_that_fits_best_is_chosen() {
    let cases: &[Case] = &[
        (
            "own ABI before stable ABI before none",
            X86,
            "glibc 2.17",
            &[
                "py3-none-any",
                "cp313-none-manylinux2014_x86_64",
                "cp39-abi3-manylinux2014_x86_64",
                "cp313-abi3-manylinux2014_x86_64",
                "cp313-cp313-manylinux2014_x86_64",
            ],
            Some("cp313-cp313-manylinux2014_x86_64"),
        ),
        (
            "the newest stable ABI that is not newer than the Python",
            X86,
            "glibc 2.17",
            &[
                "cp38-abi3-manylinux2014_x86_64",
                "cp314-abi3-manylinux2014_x86_64",
                "cp312-abi3-manylinux2014_x86_64",
            ],
            Some("cp312-abi3-manylinux2014_x86_64"),
        ),
        (
            "the newest glibc that is allowed",
            X86,
            "glibc 2.28",
            &[
                "cp313-cp313-manylinux_2_17_x86_64",
                "cp313-cp313-manylinux_2_34_x86_64",
                "cp313-cp313-manylinux_2_28_x86_64",
            ],
            Some("cp313-cp313-manylinux_2_28_x86_64"),
        ),
        (
            "the old name of a level is that level",
            X86,
            "glibc 2.17",
            &[
                "cp313-cp313-manylinux1_x86_64",
                "cp313-cp313-manylinux2010_x86_64",
            ],
            Some("cp313-cp313-manylinux2010_x86_64"),
        ),
        (
            "one of several tags is enough",
            X86,
            "glibc 2.17",
            &["cp313-cp313-manylinux_2_28_x86_64.manylinux2014_x86_64"],
            Some("cp313-cp313-manylinux_2_28_x86_64.manylinux2014_x86_64"),
        ),
        (
            "the machine of the target, not of the build",
            ARM,
            "glibc 2.17",
            &[
                "cp313-cp313-manylinux2014_x86_64",
                "cp313-cp313-manylinux2014_aarch64",
            ],
            Some("cp313-cp313-manylinux2014_aarch64"),
        ),
        (
            "64-bit Arm begins at glibc 2.17",
            ARM,
            "glibc 2.28",
            &["cp313-cp313-manylinux_2_5_aarch64"],
            None,
        ),
        (
            "musl for musl",
            X86,
            "musl 1.2",
            &[
                "cp313-cp313-manylinux2014_x86_64",
                "cp313-cp313-musllinux_1_1_x86_64",
                "cp313-cp313-musllinux_1_2_x86_64",
            ],
            Some("cp313-cp313-musllinux_1_2_x86_64"),
        ),
        (
            "no musl for glibc and no glibc for musl",
            X86,
            "musl 1.1",
            &[
                "cp313-cp313-manylinux2014_x86_64",
                "cp313-cp313-musllinux_1_2_x86_64",
            ],
            None,
        ),
        (
            "what is made for the machine before what is for any",
            X86,
            "glibc 2.17",
            &["py3-none-any", "py3-none-manylinux2014_x86_64"],
            Some("py3-none-manylinux2014_x86_64"),
        ),
        (
            "both Pythons",
            X86,
            "glibc 2.17",
            &["py2.py3-none-any"],
            Some("py2.py3-none-any"),
        ),
        (
            "an older 3 before none at all, a newer one never",
            X86,
            "glibc 2.17",
            &["py314-none-any", "py38-none-any"],
            Some("py38-none-any"),
        ),
        (
            "no bare linux, no free threading, no other system",
            X86,
            "glibc 2.17",
            &[
                "cp313-cp313-linux_x86_64",
                "cp313-cp313t-manylinux2014_x86_64",
                "cp313-cp313-win_amd64",
                "cp313-cp313-macosx_11_0_arm64",
                "pp311-pypy311_pp73-manylinux2014_x86_64",
                "py2-none-any",
            ],
            None,
        ),
        (
            "of equals the highest build",
            X86,
            "glibc 2.17",
            &["py3-none-any", "9-py3-none-any", "10-py3-none-any"],
            Some("10-py3-none-any"),
        ),
    ];
    for (what, platform, level, tags, expected) in cases {
        // The first match by `contains` must be the longest, so build numbers come last.
        let mut tags = tags.to_vec();
        tags.sort_by_key(|tags| std::cmp::Reverse(tags.len()));
        assert_eq!(
            chosen(&tags, &target(*platform, level)),
            *expected,
            "{what}"
        );
    }
}

#[test]
fn the_order_of_the_lock_decides_nothing_but_ties() {
    let tags = ["py3-none-any", "cp313-cp313-manylinux2014_x86_64"];
    let target = target(X86, "glibc 2.17");
    let [a, b] = tags;
    assert_eq!(chosen(&[a, b], &target), chosen(&[b, a], &target));
}

#[test]
fn what_does_not_fit_is_named_with_what_is_on_offer() {
    let package = package(&["cp312-cp312-manylinux2014_x86_64", "cp313-cp313-win_amd64"]);
    let problem = nothing_fits(&package, &target(ARM, "glibc 2.17"), "wheel-a");
    assert_eq!(
        problem.message,
        "No wheel of `a` 1.0 fits CPython 3.13 on linux/arm64 with glibc 2.17"
    );
    let hint = problem.hint.unwrap();
    assert!(
        hint.contains("`cp312-cp312-manylinux2014_x86_64`"),
        "{hint}"
    );
    assert!(!hint.contains("win_amd64"), "{hint}");
}
