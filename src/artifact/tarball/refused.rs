//! Why a layer is refused, and where in it that was.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::name::show;
use crate::artifact::media;

/// Why a layer is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// A path that leaves the volume or that no file system takes.
    #[error("Path is {1}: `{0}`")]
    Path(String, &'static str),
    /// A link whose target is missing, empty or unusable.
    #[error("Link has {1}: `{0}`")]
    Link(String, &'static str),
    /// Neither file, folder, nor link.
    #[error("Entry is {1}, and a volume has only files, folders and links: `{0}`")]
    Type(String, &'static str),
    /// Mode bits that give rights away.
    #[error("File has setuid, setgid or sticky bits: `{0}`")]
    Mode(String),
    /// A removal of something in a lower layer.
    #[error("Path is a whiteout: `{0}`")]
    Whiteout(String),
    /// The same path twice in one layer.
    #[error("Path appears twice: `{0}`")]
    Twice(String),
    /// Larger than any volume.
    #[error("Layer has more than {1} {0}")]
    TooMuch(&'static str, u64),
    /// An attribute that gives rights or means something to a file system below.
    #[error("Entry has the extended attribute `{1}`: `{0}`")]
    Attribute(String, String),
    /// A time that file systems do not have.
    #[error("Entry has an impossible time: `{0}`")]
    Time(String),
    /// What cannot be read at all; in the words of whoever tried, without what would move a cursor.
    #[error("Cannot be read: {0}")]
    Unreadable(String),
    /// Something after the end of the archive.
    #[error("Bytes follow the end of the archive")]
    Trailing,
}

impl Refused {
    /// Whether it says what entry it is about.
    fn names_entry(&self) -> bool {
        !matches!(
            self,
            Self::TooMuch(..) | Self::Trailing | Self::Unreadable(_)
        )
    }

    /// An error of the parser, which repeats what it found.
    pub(super) fn unreadable(error: io::Error) -> io::Error {
        if error
            .get_ref()
            .is_some_and(|inner| inner.downcast_ref::<Self>().is_some())
        {
            return error;
        }
        let words = media::plain(&error.to_string(), 200);
        io::Error::new(error.kind(), Self::Unreadable(words))
    }
}

/// Where in a layer something went wrong that does not say it itself.
#[derive(Debug, thiserror::Error)]
#[error("{} `{}`", if *.inside { "In" } else { "After" }, show(.entry.as_os_str().as_bytes()))]
pub(super) struct Located {
    entry: PathBuf,
    inside: bool,
    source: io::Error,
}

impl Located {
    /// The error with the entry that was read or had been read, if there was one and the error does not name it.
    pub(super) fn locate(error: io::Error, entry: Option<&Path>, inside: bool) -> io::Error {
        if error
            .get_ref()
            .is_some_and(|inner| inner.downcast_ref::<Self>().is_some())
        {
            return error;
        }
        let refused = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Refused>());
        match entry {
            Some(entry) if refused.is_none_or(|refused| !refused.names_entry()) => {
                let entry = entry.to_owned();
                let kind = error.kind();
                let source = error;
                io::Error::new(
                    kind,
                    Self {
                        entry,
                        inside,
                        source,
                    },
                )
            }
            _ => error,
        }
    }
}

/// An error that says in which entry it was, if it did not say so already.
pub fn in_entry(error: io::Error, entry: &Path) -> io::Error {
    Located::locate(error, Some(entry), true)
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        Self::new(io::ErrorKind::InvalidData, refused)
    }
}
