//! The hash of a source that Python writes into its bytecode: SipHash-1-3, keyed with the magic number.

/// The oldest minor version that hashes in this way. Before it, Python took SipHash-2-4.
pub(super) const OLDEST: u32 = 11;

/// The hash of `source` for the Python with this magic number.
pub(super) fn of(source: &[u8], magic: u32) -> u64 {
    let key = u64::from(magic);
    let mut state = [
        key ^ 0x736f_6d65_7073_6575,
        0x646f_7261_6e64_6f6d,
        key ^ 0x6c79_6765_6e65_7261,
        0x7465_6462_7974_6573,
    ];
    let (words, rest) = source.as_chunks::<8>();
    for word in words {
        absorb(&mut state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    // The last word has the length, modulo 256, in its highest byte.
    last[7] = source.len().to_le_bytes()[0];
    absorb(&mut state, u64::from_le_bytes(last));
    state[2] ^= 0xff;
    for _ in 0..3 {
        round(&mut state);
    }
    state.into_iter().fold(0, |sum, word| sum ^ word)
}

fn absorb(state: &mut [u64; 4], word: u64) {
    state[3] ^= word;
    round(state);
    state[0] ^= word;
}

fn round(state: &mut [u64; 4]) {
    let [mut a, mut b, mut c, mut d] = *state;
    a = a.wrapping_add(b);
    b = b.rotate_left(13) ^ a;
    a = a.rotate_left(32);
    c = c.wrapping_add(d);
    d = d.rotate_left(16) ^ c;
    a = a.wrapping_add(d);
    d = d.rotate_left(21) ^ a;
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    *state = [a, b, c, d];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `_imp.source_hash(0x0a0d0df3, source)` says, the number being that of Python 3.13.
    #[test]
    fn the_hash_is_the_one_that_python_writes() {
        for (source, hash) in [
            (&b""[..], 0x14b8_932f_316d_ec27),
            (b"import os\n", 0x8552_6ed2_9203_4de6),
            (&[b'x'; 300], 0xd8f5_92fc_3bc8_48a4),
        ] {
            assert_eq!(of(source, 0x0a0d_0df3), hash, "{source:?}");
        }
    }
}
