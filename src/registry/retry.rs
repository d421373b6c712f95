//! Tries again what may pass, a few times and not at once.

use std::thread;
use std::time::Duration;

use super::Error;

/// How often something is tried in all.
pub(super) const TRIES: u32 = 4;
/// Before the second try; doubled before each further one. Long enough for a proxy to come back, short enough to
/// sit through.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Runs `attempt` until it succeeds, fails for good, or has failed too often.
pub(super) fn retry<T>(mut attempt: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut tried = 1;
    loop {
        match attempt() {
            Err(error) if error.is_transient() && tried < TRIES => pause(tried),
            result => return result,
        }
        tried += 1;
    }
}

/// Waits after so many failures.
pub(super) fn pause(failures: u32) {
    thread::sleep(FIRST_PAUSE * 2u32.saturating_pow(failures.saturating_sub(1)));
}
