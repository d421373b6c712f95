//! Why a file could not be rewritten.

/// Why a program or library could not be rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Not of 64 bits, or not little-endian.
    #[error("It is an ELF file of another kind than 64-bit little-endian: {0}")]
    Kind(&'static str),
    /// A table or string lies outside of the file, or outside of what is loaded.
    #[error("Its ELF structure is damaged: {0}")]
    Damaged(&'static str),
    /// More of something than any real file has.
    #[error("It has more {what} than are supported: {count}")]
    TooMany {
        /// What.
        what: &'static str,
        /// How many.
        count: u64,
    },
    /// The result would be much larger than the file.
    #[error("It cannot be laid out again within {0} bytes")]
    TooLarge(u64),
    /// There is no address at which new strings could lie.
    #[error("It has no room for {0}")]
    NoRoom(&'static str),
    /// The kernel finds the program headers by their offset from the first segment.
    #[error("Its program headers would move, and the kernel would not find them")]
    HeadersMove,
}
