//! The reasons for which an entry of an archive, or a path of a tree, is not written.

use std::io;

/// Why something was not unpacked. Says what was wrong; the error that carries it says where.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The name begins with `/`.
    #[error("The name is absolute")]
    Absolute,
    /// The name has a `..`.
    #[error("The name climbs out of its folder with `..`")]
    Parent,
    /// The name has an empty or `.` component in its middle, or is empty where a name is needed.
    #[error("The name has an empty component")]
    EmptyComponent,
    /// The name has a NUL, a control character or, in a zip, a backslash.
    #[error("The name has a character that no name may have: {0:?}")]
    Character(char),
    /// The name is not UTF-8.
    #[error("The name is not UTF-8")]
    NotUtf8,
    /// A component is longer than 255 bytes, the path longer than 4096, or deeper than 64 folders.
    #[error("The name is too long or too deep (255 bytes a component, 4096 in all, 64 folders)")]
    TooLong,
    /// A device, FIFO or socket.
    #[error("Entry is a {0}, and only files, folders and links are unpacked")]
    Special(&'static str),
    /// A type of entry that the tool does not know.
    #[error("Entry has the unknown type {0:?}")]
    UnknownType(char),
    /// A pax header that would change all entries that follow.
    #[error("A global pax header sets `{0}` for all that follows it")]
    GlobalHeader(String),
    /// The path was written before.
    #[error("The path exists twice; it was written by {0} before")]
    Duplicate(String),
    /// A parent of the path is a file or a link.
    #[error("A folder of the path is a file or a link, written by {0}")]
    NotAFolder(String),
    /// A symbolic link that leads out of the tree.
    #[error("The link leads out of the tree: `{0}`")]
    LinkEscapes(String),
    /// A symbolic link where none may be.
    #[error("Entry is a link, and wheels have none")]
    LinkInWheel,
    /// A hard link to something that is no file made by the same archive.
    #[error("The hard link's target is no file unpacked before it: `{0}`")]
    HardLinkTarget(String),
    /// More entries than the cap.
    #[error("There are more than {0} entries")]
    TooMany(usize),
    /// More bytes than the cap.
    #[error("There are more than {0} bytes when unpacked")]
    TooLarge(u64),
    /// The entry lies outside of the folder that is taken off.
    #[error("Entry lies outside of the folder to strip: `{0}`")]
    OutsideStrip(String),
    /// Encrypted zip entry.
    #[error("Entry is encrypted")]
    Encrypted,
    /// The bytes differ from those that were asked for.
    #[error("SHA-256 differs: wanted `{wanted}`, found `{found}`")]
    Digest {
        /// As locked.
        wanted: String,
        /// As computed.
        found: String,
    },
    /// A format that the tool does not read.
    #[error("This is {0}")]
    Format(&'static str),
    /// A folder was given where one archive was wanted.
    #[error("The folder holds {0} entries where exactly one archive was expected")]
    NotOneArchive(usize),
    /// The archive ends early, or is damaged.
    #[error("The archive is damaged or ends early: {0}")]
    Damaged(String),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Refusal {
    /// What to do about it, where there is something that can be said.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Digest { .. } => {
                "the bytes are not the pinned ones: check the source, and change the SHA-256 only when the new bytes are trusted"
            }
            Self::Format(_) => {
                "give a tar (plain, gzip, xz or zstd), a zip, a .deb, or a folder with one of them or with the unpacked tree"
            }
            Self::NotOneArchive(_) => "point the context at a folder with exactly one archive",
            Self::OutsideStrip(_) => {
                "set `strip` to the leading folder of the archive, or to \"\" where there is none"
            }
            Self::Damaged(_) => "fetch the archive again and compare its SHA-256",
            Self::TooMany(_) | Self::TooLarge(_) => {
                "leave parts out with `slim`, or check that this is the right archive"
            }
            Self::Io(_) => return None,
            _ => "no such archive is unpacked: take it from its publisher, or repack it",
        })
    }
}
