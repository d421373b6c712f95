//! When to look next. Chance comes from outside, so that what follows from it can be tested.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

/// How long after a first failure the next try comes.
const FIRST: Duration = Duration::from_secs(2);
/// Failures do not make anybody wait longer than this, or than the interval if that is longer.
const LONGEST: Duration = Duration::from_mins(5);

/// How long to wait after a look: the interval and a part of the jitter, or after failures exponentially longer each
/// time, by half of it by chance. `chance` is between 0 and 1.
pub fn wait(interval: Duration, jitter: Duration, failures: u32, chance: f64) -> Duration {
    let chance = chance.clamp(0.0, 1.0);
    if failures == 0 {
        return interval + jitter.mul_f64(chance);
    }
    let most = interval.min(LONGEST).max(Duration::from_secs(1));
    let doubled = FIRST.saturating_mul(1 << (failures - 1).min(20));
    let delay = doubled.min(most);
    // Half of it at least, or a registry that comes back is asked by everybody at once.
    delay.mul_f64(0.5 + chance / 2.0)
}

/// A number between 0 and 1 that nobody knows before.
pub fn chance() -> f64 {
    // The standard library's hashers are seeded by the system, and differently each time.
    let bits = RandomState::new().build_hasher().finish() >> 12;
    #[expect(clippy::cast_precision_loss, reason = "52 bits fit")]
    let chance = bits as f64 / (1u64 << 52) as f64;
    chance
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn looks_are_spread_over_the_jitter() {
        for (chance, seconds) in [(0.0, 60), (0.5, 65), (1.0, 70)] {
            let waited = wait(MINUTE, Duration::from_secs(10), 0, chance);
            assert_eq!(waited.as_secs(), seconds);
        }
    }

    #[test]
    fn every_failure_doubles_the_wait_until_the_interval() {
        let waits = (1..9).map(|failures| wait(MINUTE, MINUTE, failures, 1.0).as_secs());
        assert_eq!(waits.collect::<Vec<_>>(), [2, 4, 8, 16, 32, 60, 60, 60]);
        let longest = wait(Duration::from_hours(24), MINUTE, u32::MAX, 0.0);
        assert_eq!(longest, LONGEST / 2);
    }

    #[test]
    fn chance_is_between_nothing_and_all() {
        let rolled: Vec<f64> = (0..100).map(|_| chance()).collect();
        assert!(rolled.iter().all(|chance| (0.0..1.0).contains(chance)));
        assert!(
            rolled
                .iter()
                .any(|chance| (chance - rolled[0]).abs() > 0.01)
        );
    }
}
