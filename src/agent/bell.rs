//! Wakes a thread that has nothing to do: by a ring, by time, or to end.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use super::locked;

/// A bell that one thread listens to.
#[derive(Debug, Default)]
pub(super) struct Bell {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    rung: bool,
    stopped: bool,
}

/// Why a thread woke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    Rung,
    Time,
    Stopped,
}

impl Bell {
    /// Rings; heard now, or as soon as somebody listens.
    pub(super) fn ring(&self) {
        locked(&self.state).rung = true;
        self.changed.notify_all();
    }

    /// Ends all listening, for good.
    pub(super) fn stop(&self) {
        locked(&self.state).stopped = true;
        self.changed.notify_all();
    }

    /// Waits for a ring, at most so long.
    pub(super) fn wait(&self, most: Duration) -> Woken {
        let end = Instant::now() + most;
        let mut state = locked(&self.state);
        loop {
            if state.stopped {
                return Woken::Stopped;
            }
            if std::mem::take(&mut state.rung) {
                return Woken::Rung;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Woken::Time;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.map_or_else(|broken| broken.into_inner().0, |(state, _)| state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_heard_once_and_a_stop_for_ever() {
        let bell = Bell::default();
        bell.ring();
        assert_eq!(bell.wait(Duration::from_mins(1)), Woken::Rung);
        assert_eq!(bell.wait(Duration::ZERO), Woken::Time);
        bell.stop();
        assert_eq!(bell.wait(Duration::from_mins(1)), Woken::Stopped);
        assert_eq!(bell.wait(Duration::ZERO), Woken::Stopped);
    }
}
