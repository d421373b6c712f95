//! Bytes on their way from one thread to another: pieces in a short queue, read there as one stream.

use std::io::{self, Cursor, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Bytes of a piece.
pub(super) const PIECE: usize = 128 << 10;
/// Pieces that wait, so that neither side stops at every hitch of the other.
const WAITING: usize = 16;

/// A piece, or why there is none. No more pieces are the end.
type Next = io::Result<Vec<u8>>;

/// The far end of a queue, as a reader.
pub(super) struct Pieces {
    receive: Receiver<Next>,
    /// Takes back what was read, to be filled again.
    used: Sender<Vec<u8>>,
    piece: Cursor<Vec<u8>>,
}

/// The near end of a queue.
pub(super) struct Sending {
    send: SyncSender<Next>,
    used: Receiver<Vec<u8>>,
}

/// A queue.
pub(super) fn queue() -> (Sending, Pieces) {
    let (send, receive) = sync_channel(WAITING);
    let (give_back, used) = channel();
    let pieces = Pieces {
        receive,
        used: give_back,
        piece: Cursor::default(),
    };
    (Sending { send, used }, pieces)
}

impl Sending {
    /// Hands a piece on. If more is wanted, returns what may be filled with the next one: memory that was used before costs
    /// less than new one.
    pub(super) fn send(&self, piece: Vec<u8>) -> Option<Vec<u8>> {
        self.send.send(Ok(piece)).ok()?;
        Some(self.used.try_recv().unwrap_or_default())
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.piece.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Ok(next) = self.receive.recv() else {
                return Ok(0);
            };
            let read = std::mem::replace(&mut self.piece, Cursor::new(next?));
            // Whoever sends may be done.
            let _ = self.used.send(read.into_inner());
        }
    }
}

/// Reads what `open` opens on a thread of its own, ahead of `read`, which gets it as it comes.
pub(super) fn ahead<R: Read, T>(
    open: impl FnOnce() -> io::Result<R> + Send,
    read: impl FnOnce(Pieces) -> T,
) -> T {
    let (send, pieces) = queue();
    thread::scope(|scope| {
        scope.spawn(move || {
            // Nobody hears it who wants no more.
            if let Err(error) = open().and_then(|reader| pass(reader, &send)) {
                let _ = send.send.send(Err(error));
            }
        });
        read(pieces)
    })
}

/// Sends all that a reader has, for as long as it is wanted.
fn pass(mut reader: impl Read, to: &Sending) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let count = fill(&mut reader, &mut piece)?;
        piece.truncate(count);
        if count == 0 {
            return Ok(());
        }
        match to.send(piece) {
            Some(used) => piece = used,
            None => return Ok(()),
        }
        piece.resize(PIECE, 0);
    }
}

/// As many bytes as there are at once; none at the end.
pub(super) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use super::{PIECE, ahead};

    #[test]
    fn what_is_read_ahead_comes_in_order_and_so_does_its_end() {
        let long: Vec<u8> = (0..=250).cycle().take(5 * PIECE + 7).collect();
        let mut read = Vec::new();
        ahead(|| Ok(&long[..]), |mut pieces| pieces.read_to_end(&mut read)).unwrap();
        assert!(read == long);
    }

    #[test]
    fn an_error_comes_after_what_was_read_before_it() {
        let reader = || Ok(b"good".chain(Broken));
        let read = |mut pieces: super::Pieces| {
            let mut start = [0; 4];
            pieces.read_exact(&mut start).unwrap();
            assert_eq!(start, *b"good");
            pieces.read(&mut [0]).unwrap_err().to_string()
        };
        assert_eq!(ahead(reader, read), "broken");
        let unopened = || Err::<io::Empty, _>(io::Error::other("closed"));
        let error = ahead(unopened, |mut pieces| pieces.read(&mut [0])).unwrap_err();
        assert_eq!(error.to_string(), "closed");
    }

    #[test]
    fn whoever_stops_reading_is_not_waited_for() {
        ahead(|| Ok(io::repeat(1)), drop);
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }
}
