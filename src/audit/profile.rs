//! What a volume promises: the measure that the gates apply.

use crate::platform::Architecture;
pub use crate::spec::Libc;

/// Where containers mount a volume, unless a spec says otherwise.
pub const PREFIX: &str = "/opt/backend.ai";
/// The folder of a volume's own C runtime.
pub const RUNTIME: &str = "lib/glibc";

/// What a volume promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// For which images it is.
    pub libc: Libc,
    /// For which machines it is.
    pub architecture: Architecture,
    /// Where containers mount it.
    pub prefix: String,
    /// Whether it was built with bytecode. A module without any is an error then, and a warning otherwise.
    pub bytecode: bool,
}

impl Profile {
    /// The profile of a volume at the usual prefix. A volume for any image has its own Python to compile with, so that
    /// it has its bytecode.
    pub fn new(libc: Libc, architecture: Architecture) -> Self {
        Self {
            libc,
            architecture,
            prefix: PREFIX.to_owned(),
            bytecode: libc == Libc::Any,
        }
    }

    /// The dynamic linker that glibc has for the architecture.
    pub(super) fn glibc_loader(&self) -> &'static str {
        match self.architecture {
            Architecture::Amd64 => "ld-linux-x86-64.so.2",
            Architecture::Arm64 => "ld-linux-aarch64.so.1",
        }
    }

    /// The dynamic linker that the volume's programs ask the kernel for.
    pub(super) fn interpreter(&self) -> String {
        let loader = self.glibc_loader();
        match (self.libc, self.architecture) {
            (Libc::Any, _) => format!("{}/{RUNTIME}/{loader}", self.prefix.trim_end_matches('/')),
            (Libc::Gnu, Architecture::Amd64) => format!("/lib64/{loader}"),
            (Libc::Gnu, Architecture::Arm64) => format!("/lib/{loader}"),
            (Libc::Musl, machine) => format!("/lib/ld-musl-{}.so.1", machine.machine()),
        }
    }

    /// A path inside the volume, relative to it, of an absolute one at which containers have it.
    pub(super) fn below_prefix<'a>(&self, path: &'a str) -> Option<&'a str> {
        below(self.prefix.trim_end_matches('/'), path)
    }
}

/// What follows `prefix` in `path`.
pub(super) fn below<'a>(prefix: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

/// A flavour of C library that krunner does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unknown libc (known are any, gnu and musl): `{0}`")]
pub struct UnknownLibc(String);

impl Profile {
    /// The flavour of a name, as specs, steps and annotations have it.
    pub fn libc_named(name: &str) -> Result<Libc, UnknownLibc> {
        [Libc::Any, Libc::Gnu, Libc::Musl]
            .into_iter()
            .find(|libc| libc.to_string() == name)
            .ok_or_else(|| UnknownLibc(name.to_owned()))
    }
}
