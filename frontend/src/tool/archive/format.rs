//! Tells formats by their first bytes, and takes compression off.

use std::io::{BufReader, Read};

use super::frames::Frames;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A plain tar.
    Tar,
    /// gzip, expected to hold a tar.
    Gzip,
    /// xz, expected to hold a tar.
    Xz,
    /// Zstandard, expected to hold a tar.
    Zstd,
    /// A zip, such as a wheel.
    Zip,
    /// An `ar` archive, expected to be a `.deb`.
    Ar,
    /// No archive but a program or a library.
    Elf,
    /// Anything else.
    Unknown,
}

/// How many bytes [`Format::detect`] looks at: one tar header.
pub(super) const HEAD: usize = 512;
/// Compressed bytes read at once.
const BUFFER: usize = 256 << 10;
/// KiB that an xz dictionary may take, more than `xz -9` uses.
const XZ_MEMORY: u32 = 256 << 10;

impl Format {
    /// Tells the format by the first bytes of a file.
    pub fn detect(head: &[u8]) -> Self {
        let magics: [(&[u8], Self); 7] = [
            (b"\x1f\x8b", Self::Gzip),
            (b"\xfd7zXZ\0", Self::Xz),
            (b"\x28\xb5\x2f\xfd", Self::Zstd),
            (b"PK\x03\x04", Self::Zip),
            (b"PK\x05\x06", Self::Zip),
            (b"!<arch>\n", Self::Ar),
            (b"\x7fELF", Self::Elf),
        ];
        for (magic, format) in magics {
            if head.starts_with(magic) {
                return format;
            }
        }
        if is_tar_header(head) {
            Self::Tar
        } else {
            Self::Unknown
        }
    }

    /// The bytes without the compression; of a format that has none, the bytes as they are.
    pub fn decompress<'a>(self, file: impl Read + 'a) -> Box<dyn Read + 'a> {
        let reader = BufReader::with_capacity(BUFFER, file);
        match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
            Self::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(reader, true, XZ_MEMORY)),
            Self::Zstd => Box::new(Frames::new(reader)),
            Self::Tar | Self::Zip | Self::Ar | Self::Elf | Self::Unknown => Box::new(reader),
        }
    }
}

/// A header whose checksum is right: old tars have no magic.
fn is_tar_header(head: &[u8]) -> bool {
    head.len() >= HEAD && {
        let header = tar::Header::from_byte_slice(&head[..HEAD]);
        let sum: u32 = head[..HEAD]
            .iter()
            .enumerate()
            .map(|(at, byte)| {
                if (148..156).contains(&at) {
                    32
                } else {
                    u32::from(*byte)
                }
            })
            .sum();
        header.cksum().is_ok_and(|wanted| wanted == sum)
    }
}
