//! Has the disk work while there is still something to unpack, so that little is left for the flush that counts.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What is written between two flushes: enough to be worth a commit of the file system's journal.
const ENOUGH: u64 = 16 << 20;

/// Flushes what others write.
#[derive(Debug, Default)]
pub(super) struct Flusher {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes that were written since the last flush began.
    written: u64,
    ended: bool,
    error: Option<io::Error>,
}

impl Flusher {
    /// Notes that so many bytes were written.
    pub(super) fn wrote(&self, bytes: u64) {
        let mut state = self.lock();
        state.written += bytes;
        if state.written >= ENOUGH {
            self.changed.notify_one();
        }
    }

    /// Flushes what is there now, however little.
    pub(super) fn hurry(&self) {
        self.wrote(ENOUGH);
    }

    /// Flushes each time when enough was written, until the end. Run on a thread of its own.
    pub(super) fn work(&self, root: &OwnedFd) {
        loop {
            let state = self.lock();
            let waited = self
                .changed
                .wait_while(state, |state| !state.ended && state.written < ENOUGH);
            let mut state = waited.unwrap_or_else(PoisonError::into_inner);
            if state.ended {
                return;
            }
            state.written = 0;
            drop(state);
            if let Err(error) = rustix::fs::syncfs(root) {
                self.lock().error = Some(error.into());
                return;
            }
        }
    }

    /// Lets the thread end.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_one();
    }

    /// What could not be flushed: whoever was told of it once is the only one who is.
    pub(super) fn result(&self) -> io::Result<()> {
        self.lock().error.take().map_or(Ok(()), Err)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
