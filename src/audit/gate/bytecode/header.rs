//! The first sixteen bytes of a `.pyc` file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The number that each Python writes first, by minor version. It stays the same after a version's first release.
const MAGIC: [(u32, u16); 5] = [(10, 3439), (11, 3495), (12, 3531), (13, 3571), (14, 3627)];
/// What follows the number, so that a transfer as text damages it visibly.
const LINE: u32 = 0x0a0d_0000;

/// How a file's bytecode is bound to its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bytecode {
    /// By the source's time and size.
    Time {
        magic: u32,
        modified: u32,
        size: u32,
    },
    /// By the source's hash, which is looked at or not.
    Hash {
        magic: u32,
        checked: bool,
        hash: u64,
    },
}

impl Bytecode {
    /// Reads a header; none if there is none that Python would take.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let mut head = [0; 16];
        File::open(path).ok()?.read_exact(&mut head).ok()?;
        Self::parse(head)
    }

    fn parse(head: [u8; 16]) -> Option<Self> {
        let words: [u32; 4] = std::array::from_fn(|index| {
            let at = index * 4;
            u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
        });
        let [magic, flags, low, high] = words;
        match flags {
            0 => Some(Self::Time {
                magic,
                modified: low,
                size: high,
            }),
            1 | 3 => Some(Self::Hash {
                magic,
                checked: flags == 3,
                hash: u64::from(high) << 32 | u64::from(low),
            }),
            _ => None,
        }
    }

    /// The number of the Python that it is for.
    pub(super) fn magic(self) -> u32 {
        match self {
            Self::Time { magic, .. } | Self::Hash { magic, .. } => magic,
        }
    }
}

/// The number of a Python 3, if it is known.
pub(super) fn magic(minor: u32) -> Option<u32> {
    let known = MAGIC.iter().find(|(version, _)| *version == minor);
    known.map(|(_, number)| LINE | u32::from(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_forms_are_told_apart() {
        let head = |flags: u8| {
            let mut head = [0; 16];
            head[..4].copy_from_slice(&[0xf3, 0x0d, 0x0d, 0x0a]);
            head[4] = flags;
            head[8] = 7;
            head
        };
        let magic = magic(13).unwrap();
        let time = Bytecode::Time {
            magic,
            modified: 7,
            size: 0,
        };
        assert_eq!(Bytecode::parse(head(0)), Some(time));
        for (flags, checked) in [(1, false), (3, true)] {
            let hash = Bytecode::Hash {
                magic,
                checked,
                hash: 7,
            };
            assert_eq!(Bytecode::parse(head(flags)), Some(hash));
        }
        assert_eq!(Bytecode::parse(head(2)), None);
    }
}
