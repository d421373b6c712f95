//! A reference that is followed: when it was looked at, what came of it, and when the next look comes.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use super::config::Followed;
use super::{Error, locked, now, schedule};
use crate::digest::Digest;
use crate::store::Deployed;

/// A followed reference and how it stands with it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) followed: Followed,
    /// The reference as the store writes it.
    pub(super) reference: String,
    state: Mutex<State>,
    bell: Condvar,
}

/// How it stands.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// When the next look comes, unless somebody asks for it.
    next: Instant,
    asked: bool,
    stopped: bool,
    /// Whether it is being looked at now.
    pub(super) busy: bool,
    /// Looks, those that failed, and those that changed something.
    pub(super) checks: u64,
    pub(super) failed: u64,
    pub(super) deployed: u64,
    /// Bytes that were fetched.
    pub(super) fetched: u64,
    /// Failures since the last success.
    pub(super) failures: u32,
    /// Why the last look failed.
    pub(super) error: Option<String>,
    /// When a look last ended, and when one last succeeded, in seconds since 1970.
    pub(super) last_check: Option<u64>,
    pub(super) last_success: Option<u64>,
    /// The index that the reference names and that was rolled back from.
    pub(super) refused: Option<Digest>,
}

impl Target {
    /// A reference whose first look comes after `delay`.
    pub(super) fn new(followed: Followed, delay: Duration) -> Self {
        Self {
            reference: followed.reference.to_string(),
            followed,
            state: Mutex::new(State {
                next: Instant::now() + delay,
                asked: false,
                stopped: false,
                busy: false,
                checks: 0,
                failed: 0,
                deployed: 0,
                fetched: 0,
                failures: 0,
                error: None,
                last_check: None,
                last_success: None,
                refused: None,
            }),
            bell: Condvar::new(),
        }
    }

    /// How it stands.
    pub(super) fn state(&self) -> State {
        locked(&self.state).clone()
    }

    /// Waits for the next look, and begins it. False when there is none any more.
    pub(super) fn wait(&self) -> bool {
        let mut state = locked(&self.state);
        loop {
            if state.stopped {
                return false;
            }
            let left = state.next.saturating_duration_since(Instant::now());
            if state.asked || left.is_zero() {
                state.asked = false;
                state.busy = true;
                return true;
            }
            let waited = self.bell.wait_timeout(state, left);
            state = waited.map_or_else(|broken| broken.into_inner().0, |(state, _)| state);
        }
    }

    /// Ends a look, and says how many have failed in a row.
    pub(super) fn done(&self, result: &Result<Deployed, Error>) -> u32 {
        let mut state = locked(&self.state);
        state.busy = false;
        state.checks += 1;
        state.last_check = Some(now());
        state.refused = None;
        match result {
            Ok(found) => {
                state.failures = 0;
                state.error = None;
                state.last_success = state.last_check;
                match found {
                    Deployed::Switched { fetched, .. } => {
                        state.deployed += 1;
                        state.fetched += fetched;
                    }
                    Deployed::Refused(digest) => state.refused = Some(*digest),
                    Deployed::Unchanged(_) => {}
                }
            }
            Err(error) => {
                state.failed += 1;
                state.failures = state.failures.saturating_add(1);
                state.error = Some(error.chain());
            }
        }
        let (interval, jitter) = (self.followed.interval, self.followed.jitter);
        let wait = schedule::wait(interval, jitter, state.failures, schedule::chance());
        state.next = Instant::now() + wait;
        state.failures
    }

    /// When the next look comes, in seconds since 1970.
    pub(super) fn next_check(&self) -> u64 {
        let left = locked(&self.state).next;
        now() + left.saturating_duration_since(Instant::now()).as_secs()
    }

    /// Asks for a look now.
    pub(super) fn ask(&self) {
        locked(&self.state).asked = true;
        self.bell.notify_all();
    }

    /// Ends the waiting.
    pub(super) fn stop(&self) {
        locked(&self.state).stopped = true;
        self.bell.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::platform::Platform;

    fn target(delay: u64) -> Arc<Target> {
        let followed = Followed {
            name: "a".to_owned(),
            reference: "a.example/b:1".parse().unwrap(),
            platforms: vec![Platform::AMD64],
            interval: Duration::from_mins(10),
            jitter: Duration::ZERO,
            docker_volume: false,
        };
        Arc::new(Target::new(followed, Duration::from_secs(delay)))
    }

    #[test]
    fn a_look_is_had_at_once_by_asking_and_none_after_the_stop() {
        let target = target(3600);
        let waiting = {
            let target = Arc::clone(&target);
            std::thread::spawn(move || (target.wait(), target.wait()))
        };
        target.ask();
        while !target.state().busy {
            std::thread::yield_now();
        }
        target.stop();
        assert_eq!(waiting.join().unwrap(), (true, false));
    }

    #[test]
    fn failures_count_until_something_succeeds() {
        let target = target(0);
        assert!(target.wait());
        assert_eq!(target.done(&Err(Error::Panic)), 1);
        assert_eq!(target.done(&Err(Error::Panic)), 2);
        assert!(target.next_check() <= now() + 4);
        let digest = Digest::of(b"");
        assert_eq!(target.done(&Ok(Deployed::Refused(digest))), 0);
        let state = target.state();
        assert_eq!((state.checks, state.failed), (3, 2));
        assert!(state.error.is_none() && state.refused == Some(digest));
        assert!(target.next_check() > now() + 590);
    }
}
