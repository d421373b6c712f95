//! The target of a package: a Python, a machine and a C library.

use std::fmt;

use pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder};

use super::tags::Tags;
use crate::platform::Platform;
use crate::spec::{Glibc, Musl};

/// What wheels are chosen for.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) python: Version,
    pub(super) platform: Platform,
    pub(super) level: Level,
}

/// The newest C library that a wheel may ask for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    Glibc(Glibc),
    Musl(Musl),
}

impl Target {
    /// The marker environment (PEP 508) of the target. What only the running machine knows
    /// (the kernel's release and version) is empty.
    pub(super) fn environment(&self) -> Option<MarkerEnvironment> {
        let full = self.python.to_string();
        let (major, minor) = self.feature();
        let short = format!("{major}.{minor}");
        let builder = MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: &full,
            os_name: "posix",
            platform_machine: self.platform.architecture.machine(),
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: "Linux",
            platform_version: "",
            python_full_version: &full,
            python_version: &short,
            sys_platform: "linux",
        };
        MarkerEnvironment::try_from(builder).ok()
    }

    /// The tags of the target.
    pub(super) fn tags(&self) -> Tags {
        let machine = self.platform.architecture.machine();
        Tags::new(self.feature().1, self.level, machine)
    }

    /// The first two numbers of the Python version.
    pub(super) fn feature(&self) -> (u64, u64) {
        feature(&self.python)
    }
}

/// The marker environment (PEP 508) of a Python on a platform; none for what is no version.
pub fn python_environment(python: &str, platform: Platform) -> Option<MarkerEnvironment> {
    let target = Target {
        python: python.parse().ok()?,
        platform,
        // Markers know nothing of C libraries.
        level: Level::Glibc(Glibc::default()),
    };
    target.environment()
}

/// The first two numbers of a Python version.
pub(super) fn feature(version: &Version) -> (u64, u64) {
    let number = |index| version.release().get(index).copied().unwrap_or_default();
    (number(0), number(1))
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.feature();
        write!(f, "CPython {major}.{minor} on {} with ", self.platform)?;
        match self.level {
            Level::Glibc(glibc) => write!(f, "glibc {glibc}"),
            Level::Musl(musl) => write!(f, "musl {musl}"),
        }
    }
}
