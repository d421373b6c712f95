//! One fault of a volume.

use std::fmt;

use serde::Serialize;

/// The gates, in the order in which findings are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// Every program, library and object is whole and for the target's machine.
    Machine,
    /// Everything that a program or library needs is found, by its own search path.
    Needed,
    /// Every symbol version that is needed is there, or is old enough for every image.
    Version,
    /// No search path leads out of the volume, or lets the image's environment in.
    SearchPath,
    /// Programs and libraries load without changes of their code or an executable stack.
    Load,
    /// No link leads out of the volume, or nowhere.
    Link,
    /// No script needs a program of the image.
    Script,
    /// Nothing but readable files, folders and links, with modes that fit a volume.
    Mode,
    /// Every component has its licence.
    Licence,
    /// Every module has bytecode that is used as it is.
    Bytecode,
    /// No package relies on a file that Python passes over.
    Unread,
    /// The terminal server is not an old or unpatched one.
    Ttyd,
}

impl Gate {
    /// The name, as `krunner audit` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Needed => "needed",
            Self::Version => "version",
            Self::SearchPath => "search-path",
            Self::Load => "load",
            Self::Link => "link",
            Self::Script => "script",
            Self::Mode => "mode",
            Self::Licence => "licence",
            Self::Bytecode => "bytecode",
            Self::Unread => "unread",
            Self::Ttyd => "ttyd",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It breaks what the flavour promises: a build with it fails.
    Error,
    /// The volume works where its flavour's documented requirements are met; it asks for something all the same.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// What a gate found.
///
/// Displays as one line, `FILE: MESSAGE`, without the hint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Which gate.
    pub gate: Gate,
    /// The file or folder, relative to the volume, or the component.
    pub file: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.message)
    }
}
