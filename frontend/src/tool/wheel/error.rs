//! Why a wheel was refused.

use crate::tool::elf;
use crate::tool::refusal::Refusal;

/// A wheel that was refused: which one, where in it, and why.
#[derive(Debug)]
pub struct Error {
    /// The input, and where the spec or the lock asks for it.
    pub input: String,
    /// The file, where it is about one.
    pub file: Option<String>,
    /// Why.
    pub fault: Fault,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.input)?;
        if let Some(file) = &self.file {
            write!(f, "`{}`: ", file.escape_debug())?;
        }
        write!(f, "{}", self.fault)?;
        match self.fault.hint() {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Why a wheel was refused.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An entry of the zip that is never unpacked.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No zip at all.
    #[error("This is no wheel: a wheel is a zip archive")]
    NotAZip,
    /// The wheel has no `*.dist-info`, or several.
    #[error("A wheel has exactly one `*.dist-info` folder, and this one has {0}")]
    DistInfo(usize),
    /// A file that each wheel must have.
    #[error("The wheel lacks this file")]
    Lacking,
    /// A text of the wheel is not UTF-8, or far too long.
    #[error("The file is not UTF-8, or longer than {0} bytes")]
    Text(u64),
    /// The version of the format.
    #[error("The wheel's format has the version `{0}`, and only 1.x is known")]
    WheelVersion(String),
    /// Another package than the lock says.
    #[error("The wheel is `{found}`, and the lock says `{wanted}`")]
    Identity {
        /// Name and version in the wheel.
        found: String,
        /// Name and version in the lock.
        wanted: String,
    },
    /// `RECORD` cannot be read.
    #[error("`RECORD` cannot be read: {0}")]
    RecordSyntax(String),
    /// A file that `RECORD` does not list.
    #[error("`RECORD` does not list this file")]
    NotRecorded,
    /// A file that is only in `RECORD`.
    #[error("`RECORD` lists this file, and the wheel does not have it")]
    OnlyRecorded,
    /// A row without a digest, or with one of an algorithm that is weak or unknown.
    #[error("`RECORD` has no SHA-256, SHA-384 or SHA-512 of this file")]
    NoDigest,
    /// Bytes that `RECORD` does not describe.
    #[error("The file differs from what `RECORD` says of it")]
    Differs,
    /// A folder of `*.data` without meaning.
    #[error("The folder is none of purelib, platlib, scripts, headers and data")]
    DataFolder,
    /// Two entries, of this wheel or of two, for one path.
    #[error("The path is also written by {0}")]
    Conflict(String),
    /// A folder of the path is a file of this wheel or of another.
    #[error("A folder of the path is a file, written by {0}")]
    NotAFolder(String),
    /// `entry_points.txt` cannot be read.
    #[error("Entry point cannot be read: `{0}`")]
    EntryPoint(String),
    /// The volume's interpreter cannot stand in a script's first line.
    #[error("The interpreter's path has a space, or more than 125 bytes: `{0}`")]
    Interpreter(String),
    /// A program or library that cannot be rewritten.
    #[error(transparent)]
    Program(#[from] elf::Fault),
    /// No licence.
    #[error("The wheel has no licence file, and its metadata names no licence")]
    NoLicence,
}

impl Fault {
    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Refused(refusal) => return refusal.hint(),
            Self::Identity { .. } => "make the lock again, or give the wheel that the lock names",
            Self::Conflict(_) | Self::NotAFolder(_) => {
                "lock only one of the two packages: one file cannot come from both"
            }
            Self::NoLicence => {
                "what is shipped needs a licence: lock another version, or give a wheel that has its licence as a build context"
            }
            Self::Program(_) => {
                "leave the file out by `slim`, or give a wheel built for this system"
            }
            Self::Interpreter(_) => "choose a shorter `prefix` without spaces",
            _ => {
                "the wheel is damaged, or no proper build made it: fetch it again, or build it anew"
            }
        })
    }
}
