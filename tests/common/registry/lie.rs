//! What a registry can do wrong.

use krunner::digest::Digest;

/// How the registry lies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lie {
    /// One bit of the content with this digest is another one.
    Flipped(Digest),
    /// The last byte of it is missing.
    Truncated(Digest),
    /// The line breaks in the middle of it, once.
    Broken(Digest),
    /// It never ends.
    Endless(Digest),
    /// Documents are sent as something else.
    ContentType(&'static str),
    /// Documents are said to have another digest.
    DigestHeader,
    /// Blobs are on another host.
    Redirect(String),
    /// A token is wanted, and given to this user and password.
    Token(&'static str, &'static str),
    /// So many requests fail first.
    Fails(u32, u16),
    /// The first request is to come again in so many seconds.
    After(u64),
    /// An identity token is wanted instead of a password.
    Identity(&'static str),
    /// A token holds for so many requests.
    TokenHolds(u32),
    /// Of the first piece of an upload only half arrives.
    HalfPiece,
    /// Uploads are taken in one piece only.
    NoPieces,
    /// Pieces have at least so many bytes.
    Least(u64),
    /// Pieces from this byte on are to come again in a while.
    Later(u64),
    /// Uploads go to another host.
    UploadElsewhere(String),
    /// Blobs are always somewhere else.
    Loop,
    /// What is put is said to be something else.
    WrongReceipt,
    /// Lists come in pages of one.
    Pages,
    /// Lists begin with a page, and what is said of the next one.
    Page(String),
    /// Every answer warns.
    Warns(String),
    /// No range is understood.
    NoRanges,
    /// Nothing can be deleted.
    KeepsAll,
    /// A piece that comes where none is expected is refused once, and the upload is to be asked for.
    OutOfStep,
}
