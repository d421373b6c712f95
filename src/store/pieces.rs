//! Bytes on their way from one thread to another: pieces in a short queue, read there as one stream.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::memory::Memory;

/// Bytes of a piece: as much as a processor's own memory holds while it is hashed, kept and handed on.
pub(super) const PIECE: usize = 128 << 10;
/// Pieces that wait, so that neither side stops at every hitch of the other.
const WAITING: usize = 8;

/// Some bytes, at the beginning of memory that is used again.
#[derive(Debug)]
pub(super) struct Piece {
    memory: Vec<u8>,
    len: usize,
}

impl Piece {
    /// As many bytes as there are at once; none at the end.
    pub(super) fn read(reader: &mut impl Read, memory: &Memory) -> io::Result<Self> {
        let mut piece = Self {
            memory: memory.take(),
            len: 0,
        };
        piece.len = fill(reader, &mut piece.memory)?;
        Ok(piece)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[..self.len]
    }

    /// Lets the memory be used again.
    pub(super) fn done(self, memory: &Memory) {
        memory.give(self.memory);
    }
}

/// The near end of a queue.
pub(super) struct Sending(SyncSender<Piece>);

/// The far end of a queue, as a reader.
pub(super) struct Pieces<'a> {
    receive: Receiver<Piece>,
    /// Where what was read goes.
    memory: &'a Memory,
    piece: Option<Piece>,
    /// How much of it was read.
    at: usize,
}

/// A queue whose pieces come from `memory`.
pub(super) fn queue(memory: &Memory) -> (Sending, Pieces<'_>) {
    let (send, receive) = sync_channel(WAITING);
    let pieces = Pieces {
        receive,
        memory,
        piece: None,
        at: 0,
    };
    (Sending(send), pieces)
}

impl Sending {
    /// Hands a piece on. Whether more is wanted.
    pub(super) fn send(&self, piece: Piece) -> bool {
        self.0.send(piece).is_ok()
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let is_read = |piece: &Piece| self.at >= piece.len;
        if self.piece.as_ref().is_none_or(is_read) {
            self.at = 0;
            if let Some(piece) = self.piece.take() {
                piece.done(self.memory);
            }
            // No more pieces are the end.
            self.piece = self.receive.recv().ok();
        }
        let piece = self.piece.as_ref();
        Ok(piece.map_or(&[], |piece| &piece.bytes()[self.at..]))
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

/// As many bytes as there are at once; none at the end.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::thread;

    use super::{Memory, PIECE, Piece, queue};

    #[test]
    fn what_is_sent_comes_in_order_and_so_does_its_end() {
        let long: Vec<u8> = (0..=250).cycle().take(20 * PIECE + 7).collect();
        let memory = Memory::of(PIECE);
        let (send, mut pieces) = queue(&memory);
        let mut read = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                let send = send;
                let mut left = &long[..];
                loop {
                    let piece = Piece::read(&mut left, &memory).unwrap();
                    if piece.bytes().is_empty() {
                        return;
                    }
                    assert!(send.send(piece));
                }
            });
            pieces.read_to_end(&mut read).unwrap();
        });
        assert!(read == long);
    }

    #[test]
    fn whoever_sends_hears_that_nobody_reads_any_more() {
        let memory = Memory::of(PIECE);
        let (send, pieces) = queue(&memory);
        drop(pieces);
        assert!(!send.send(Piece::read(&mut &b"more"[..], &memory).unwrap()));
    }
}
