//! Tries again what may pass, a few times and not at once, and never sooner than the registry asks.

use std::hash::{BuildHasher as _, RandomState};
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
    thread::sleep(spread(own.max(asked)));
    Ok(())
}

/// Up to a quarter longer: many nodes that were sent away at once do not come back at once.
fn spread(pause: Duration) -> Duration {
    // The keys of hash maps are random, which is all the randomness that this needs.
    let random = RandomState::new().hash_one(0u8);
    let part = u32::try_from(random % 256).unwrap_or_default();
    pause + pause / 4 / 256 * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_never_shorter_than_asked_and_at_most_a_quarter_longer() {
        let pause = Duration::from_secs(4);
        let pauses: Vec<Duration> = (0..64).map(|_| spread(pause)).collect();
        assert!(
            pauses
                .iter()
                .all(|it| (4.0..5.0).contains(&it.as_secs_f64()))
        );
        assert!(pauses.iter().any(|it| *it != pauses[0]), "{pauses:?}");
    }
}
