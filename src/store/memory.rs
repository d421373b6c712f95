//! Memory that is used again. What was never touched before costs a page fault for every 4 KiB, which on a virtual machine
//! takes as long as decompressing that much.

use std::sync::{Mutex, PoisonError};

/// Pieces of one size that nobody uses at the moment.
#[derive(Debug)]
pub(super) struct Memory {
    size: usize,
    free: Mutex<Vec<Vec<u8>>>,
}

impl Memory {
    /// Pieces of `size` bytes.
    pub(super) fn of(size: usize) -> Self {
        Self {
            size,
            free: Mutex::default(),
        }
    }

    /// A piece whose bytes are whatever was there before.
    pub(super) fn take(&self) -> Vec<u8> {
        let free = self.lock().pop();
        free.unwrap_or_else(|| vec![0; self.size])
    }

    /// Takes a piece back.
    pub(super) fn give(&self, piece: Vec<u8>) {
        if piece.len() == self.size {
            self.lock().push(piece);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn a_piece_is_used_again() {
        let memory = Memory::of(8);
        let mut piece = memory.take();
        piece[0] = 7;
        let place = piece.as_ptr();
        memory.give(piece);
        let again = memory.take();
        assert_eq!((again.as_ptr(), again[0], again.len()), (place, 7, 8));
        let other = memory.take();
        assert_ne!(other.as_ptr(), place);
    }

    #[test]
    fn what_is_of_another_size_is_not_kept() {
        let memory = Memory::of(8);
        memory.give(vec![7; 4]);
        assert_eq!(memory.take(), [0; 8]);
    }
}
