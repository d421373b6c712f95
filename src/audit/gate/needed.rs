//! Everything that a program or library needs is found, by its own search path.
//!
//! A volume for any image brings everything. One for glibc or musl may ask its images for the C library, which they all
//! have by definition, and, with a warning, for what its documentation demands of them.

use std::collections::BTreeMap;

use super::{Report, Volume, list};
use crate::audit::closure::base;
use crate::audit::tree::Content;
use crate::elf::{Facts, Kind};
use crate::platform::Architecture;
use crate::spec::Libc;

/// Empty since glibc 2.34, kept for old programs, and left out of some minimal images.
const STUBS: [&str; 4] = [
    "libdl.so.2",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
];
/// The runtime of C++ and of unwinding.
const COMPILER: [&str; 2] = ["libgcc_s.so.1", "libstdc++.so.6"];

const INTERPRETER: &str =
    "the prefix is fixed, so give programs the absolute path of the volume's own dynamic linker";
const FOREIGN_INTERPRETER: &str = "take programs that were built for this C library";
const BUNDLE: &str = "bring the library in the volume, or leave out what needs it";
const PATH: &str = "let the search path of the file, or of the program that loads it, lead there";
const STUB: &str =
    "images without the old stub libraries cannot run it; `libc = \"any\"` brings them";
const RUNTIME: &str =
    "images without the compiler's runtime cannot run it; `libc = \"any\"` brings it";

/// What an image gives.
enum Given {
    /// Every image of the flavour has it.
    Always,
    /// The flavour's documentation demands it of an image.
    Demanded(&'static str, &'static str),
    Never,
}

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    for (file, facts) in volume.elves() {
        if facts.is_program() {
            interpreter(volume, file, facts, report);
        }
    }
    for (file, needs) in &volume.closure {
        let mut demanded = BTreeMap::<_, Vec<&str>>::new();
        let missing = needs.iter().filter(|(_, met)| met.is_none());
        for (need, _) in missing {
            match given(volume, need) {
                Given::Always => {}
                Given::Demanded(what, hint) => demanded.entry((what, hint)).or_default().push(need),
                Given::Never => never(volume, file, need, report),
            }
        }
        for ((what, hint), needs) in demanded {
            let message = format!("Needs {what} of the image: {}", list(needs));
            report.warning(file, message, hint);
        }
    }
}

fn interpreter(volume: &Volume<'_>, file: &str, facts: &Facts, report: &mut Report<'_>) {
    let found = facts.interpreter.as_deref().unwrap_or_default();
    let profile = volume.profile;
    let wanted = profile.interpreter();
    let hint = if profile.libc == Libc::Any {
        INTERPRETER
    } else {
        FOREIGN_INTERPRETER
    };
    if found != wanted {
        let message = format!("Asks for the dynamic linker `{found}` instead of `{wanted}`");
        report.error(file, message, hint);
        return;
    }
    if profile.libc != Libc::Any {
        return;
    }
    let linker = volume.tree.find_file(found, &profile.prefix);
    let is_linker = linker.is_some_and(|(_, entry)| match &entry.kind {
        crate::audit::tree::Kind::File(Content::Elf(facts)) => {
            facts.kind == Kind::Shared && entry.mode & 0o111 != 0
        }
        _ => false,
    });
    if !is_linker {
        let message = format!(
            "Asks for the dynamic linker `{found}`, which is not in the volume as a program"
        );
        report.error(file, message, BUNDLE);
    }
}

fn given(volume: &Volume<'_>, need: &str) -> Given {
    let profile = volume.profile;
    match profile.libc {
        Libc::Any => Given::Never,
        Libc::Gnu if need == profile.glibc_loader() => Given::Always,
        Libc::Gnu if ["libc.so.6", "libm.so.6"].contains(&need) => Given::Always,
        Libc::Gnu if STUBS.contains(&need) => Given::Demanded("the C library's old stubs", STUB),
        Libc::Musl if need == musl(profile.architecture) || need == "libc.so" => Given::Always,
        _ if COMPILER.contains(&need) => Given::Demanded("the compiler's runtime", RUNTIME),
        _ => Given::Never,
    }
}

fn musl(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Amd64 => "libc.musl-x86_64.so.1",
        Architecture::Arm64 => "libc.musl-aarch64.so.1",
    }
}

fn never(volume: &Volume<'_>, file: &str, need: &str, report: &mut Report<'_>) {
    let elsewhere = volume
        .tree
        .files()
        .find(|(name, ..)| base(name) == base(need));
    match elsewhere {
        Some((place, ..)) => {
            let message = format!("Needs `{need}`, and its search path does not lead to `{place}`");
            report.error(file, message, PATH);
        }
        // Python starts without such a module, and images that have the library can import it.
        None if volume.profile.libc != Libc::Any && file.contains("/lib-dynload/") => {
            let message = format!("Cannot be imported where the image has no `{need}`");
            report.warning(file, message, BUNDLE);
        }
        None => {
            let message = format!("Needs `{need}`, which is not in the volume");
            report.error(file, message, BUNDLE);
        }
    }
}
