//! Tries again what may pass, a few times and not at once, and never sooner than the registry asks.

use std::thread;
use std::time::Duration;

use super::Error;

/// How often something is tried in all.
pub(super) const TRIES: u32 = 4;
/// Before the second try; doubled before each further one. Long enough for a proxy to come back, short enough to
/// sit through.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Whoever wants us to stay away for longer is better asked by the next run.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Runs `attempt` until it succeeds, fails for good, or has failed too often.
pub(super) fn retry<T>(mut attempt: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut failures = 0;
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(error) => {
                failures += 1;
                wait(error, failures)?;
            }
        }
    }
}

/// Waits after so many failures in a row, or returns the error if there is no point in it.
pub(super) fn wait(error: Error, failures: u32) -> Result<(), Error> {
    if failures >= TRIES || !error.is_transient() {
        return Err(error);
    }
    let asked = error.retry_after().unwrap_or_default();
    if asked > LONGEST_PAUSE {
        return Err(error);
    }
    let own = FIRST_PAUSE * 2u32.saturating_pow(failures.saturating_sub(1));
    thread::sleep(own.max(asked));
    Ok(())
}
