//! Chance that is the same in every run.

/// Numbers without any order (xorshift).
#[derive(Debug)]
pub(crate) struct Dice(u32);

impl Dice {
    /// The seed must not be 0.
    pub(crate) fn new(seed: u32) -> Self {
        assert_ne!(seed, 0);
        Self(seed)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % sides
    }

    /// Bytes that no compressor makes smaller.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let bytes = (0..length).map(|_| u8::try_from(self.roll(256)).unwrap());
        bytes.collect()
    }
}

/// Bytes that nothing compresses and every test has the same, megabytes of them in no time.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut content = Vec::with_capacity(length + 8);
    while content.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    content.truncate(length);
    content
}
