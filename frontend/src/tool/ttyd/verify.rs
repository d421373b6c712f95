//! The gate for the binary: static, for the right machine, with the seconds that were asked for, of the right version.

use std::path::Path;
use std::process::{Command, Stdio};

use object::Endianness;
use object::elf::{DT_NEEDED, FileHeader64, PT_INTERP, PT_LOAD};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

use super::Target;
use crate::tool::elf;

/// The seconds that libwebsockets has where nobody patched it.
const UNPATCHED: (u16, u16) = (300, 310);
/// The seconds of ttyd's own policy where nobody patched it.
const UNPATCHED_OWN: (u16, u16) = (5, 10);
/// What stands before the seconds in ttyd's own policy: twice the number of its retries, which is five.
const OWN_PREFIX: [u8; 4] = [5, 0, 5, 0];

/// What is wrong with a binary.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Not readable as a 64-bit ELF file.
    #[error("It is no program: {0}")]
    Damaged(String),
    /// For another machine.
    #[error("It is for {found}, and the target is {wanted}")]
    Machine {
        /// As its header says.
        found: String,
        /// As `uname -m` says it.
        wanted: &'static str,
    },
    /// It asks for a dynamic linker.
    #[error("It is not static: it asks for the interpreter `{0}`")]
    Interpreter(String),
    /// It asks for shared libraries.
    #[error("It is not static: it needs {0} shared libraries")]
    Needed(usize),
    /// The seconds are not in it.
    #[error(
        "Its constants are not those of a ping after {ping} and a hang-up after {hangup} seconds\nhint: `ttyd.ping` and `ttyd.hangup` must be the seconds that the binary was compiled with"
    )]
    Constants {
        /// Wanted.
        ping: u16,
        /// Wanted.
        hangup: u16,
    },
    /// The defaults are still in it.
    #[error("It still has the default constants: a ping after {0} and a hang-up after {1} seconds")]
    Unpatched(u16, u16),
    /// It says another version, or none.
    #[error("Its version must be `{wanted}`, and `--version` says: {said}")]
    Version {
        /// As in the spec.
        wanted: String,
        /// What it said, or how it failed.
        said: String,
    },
    /// The version is not in it, where it cannot be asked.
    #[error("Its version must be `{0}`, and that is nowhere in it")]
    NoVersion(String),
}

/// Checks a binary that somebody else compiled.
pub(super) fn check_given(binary: &[u8], target: &Target) -> Result<(), Fault> {
    let loaded = check_static(binary, target)?;
    let wanted = (target.ping, target.hangup);
    if !has(&loaded, &packed(wanted)) {
        return Err(Fault::Constants {
            ping: target.ping,
            hangup: target.hangup,
        });
    }
    check_unpatched(&loaded, &packed(UNPATCHED), UNPATCHED, wanted)?;
    check_text(&loaded, target)
}

/// Checks a binary that was compiled here: also that ttyd's own policy has the seconds.
///
/// libwebsockets' seconds are in its code, and each architecture writes them in its own way. Those of ttyd are data,
/// two little-endian numbers of 16 bits, on both.
pub(super) fn check_built(binary: &[u8], target: &Target) -> Result<(), Fault> {
    check_given(binary, target)?;
    let loaded = check_static(binary, target)?;
    let wanted = (target.ping, target.hangup);
    if !has(&loaded, &own(wanted)) {
        return Err(Fault::Constants {
            ping: target.ping,
            hangup: target.hangup,
        });
    }
    check_unpatched(&loaded, &own(UNPATCHED_OWN), UNPATCHED_OWN, wanted)
}

/// The seconds of ttyd's own policy, if they are known to differ from what the spec says. They override those
/// of libwebsockets, so a binary in which only the latter were patched does not do what it was patched for.
pub(super) fn overriding(binary: &[u8], target: &Target) -> Option<(u16, u16)> {
    let differs = (target.ping, target.hangup) != UNPATCHED_OWN;
    (differs && has(&[binary], &own(UNPATCHED_OWN))).then_some(UNPATCHED_OWN)
}

/// Runs the binary where this machine can, and checks what it says.
pub(super) fn check_version(path: &Path, target: &Target) -> Result<(), Fault> {
    if target.architecture != target.build_architecture {
        return Ok(());
    }
    let said = Command::new(path)
        .arg("--version")
        .env_clear()
        .stdin(Stdio::null())
        .output();
    let said = match said {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    let is_version = |word: &str| {
        word.strip_prefix(&*target.version)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    if said.split_whitespace().any(is_version) {
        return Ok(());
    }
    Err(Fault::Version {
        wanted: target.version.clone(),
        said,
    })
}

/// Checks machine and linkage, and returns what of the file is loaded into memory.
fn check_static<'a>(binary: &'a [u8], target: &Target) -> Result<Vec<&'a [u8]>, Fault> {
    let wanted = target.architecture.machine();
    match elf::machine(binary) {
        Some(found) if found == wanted => {}
        Some(found) => return Err(Fault::Machine { found, wanted }),
        None => return Err(Fault::Damaged("it has no ELF header".to_owned())),
    }
    let damaged = |error: object::read::Error| Fault::Damaged(error.to_string());
    let header = FileHeader64::<Endianness>::parse(binary).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    let mut loaded = Vec::new();
    for segment in header.program_headers(endian, binary).map_err(damaged)? {
        let data = || {
            segment
                .data(endian, binary)
                .map_err(|()| Fault::Damaged("a segment lies outside of the file".to_owned()))
        };
        match segment.p_type(endian) {
            PT_INTERP => {
                let name = String::from_utf8_lossy(data()?);
                return Err(Fault::Interpreter(name.trim_end_matches('\0').to_owned()));
            }
            PT_LOAD => loaded.push(data()?),
            _ => {}
        }
        if let Some(entries) = segment.dynamic(endian, binary).map_err(damaged)? {
            let needed = entries
                .iter()
                .filter(|entry| entry.tag(endian) == DT_NEEDED)
                .count();
            if needed > 0 {
                return Err(Fault::Needed(needed));
            }
        }
    }
    Ok(loaded)
}

fn check_unpatched(
    loaded: &[&[u8]],
    pattern: &[u8],
    seconds: (u16, u16),
    wanted: (u16, u16),
) -> Result<(), Fault> {
    if seconds != wanted && has(loaded, pattern) {
        return Err(Fault::Unpatched(seconds.0, seconds.1));
    }
    Ok(())
}

/// For a foreign machine this is all that can be said about the version.
fn check_text(loaded: &[&[u8]], target: &Target) -> Result<(), Fault> {
    let ends = ["\0", "-"].map(|end| format!("{}{end}", target.version));
    if ends.iter().any(|text| has(loaded, text.as_bytes())) {
        return Ok(());
    }
    Err(Fault::NoVersion(target.version.clone()))
}

fn has(loaded: &[&[u8]], pattern: &[u8]) -> bool {
    loaded
        .iter()
        .any(|data| data.windows(pattern.len()).any(|window| window == pattern))
}

fn packed((ping, hangup): (u16, u16)) -> [u8; 4] {
    let ([a, b], [c, d]) = (ping.to_le_bytes(), hangup.to_le_bytes());
    [a, b, c, d]
}

fn own(seconds: (u16, u16)) -> Vec<u8> {
    [OWN_PREFIX, packed(seconds)].concat()
}

#[cfg(test)]
mod tests;
