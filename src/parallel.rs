//! Some work for each of some things, a few at a time, until one of them fails.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// Does `work` for everything in `queue`, the last first, on so many threads, and returns what came of it in any order. After a
/// failure nothing more is begun.
pub fn map<T: Send, R: Send, E: Send>(
    queue: Vec<T>,
    threads: usize,
    work: impl Fn(T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let threads = threads.min(queue.len());
    let queue = Mutex::new(queue);
    let run = || -> Result<Vec<R>, E> {
        let mut done = Vec::new();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(next) = next else { return Ok(done) };
            let result = work(next);
            if result.is_err() {
                queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
            done.push(result?);
        }
    };
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        threads
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect()
    });
    let mut done = Vec::new();
    for result in results {
        match result {
            Ok(result) => done.extend(result?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    Ok(done)
}

/// A door that so many may be behind at a time.
#[derive(Debug)]
pub struct Gate {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Gate {
    /// A door for so many.
    pub fn new(places: usize) -> Self {
        Self {
            free: Mutex::new(places.max(1)),
            freed: Condvar::new(),
        }
    }

    /// Does some work behind the door, when there is a place.
    pub fn pass<T>(&self, work: impl FnOnce() -> T) -> T {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_while(free, |free| *free == 0);
        *waited.unwrap_or_else(PoisonError::into_inner) -= 1;
        let _place = Place(self);
        work()
    }
}

/// Somebody's place behind a door, given back even if the work panics.
struct Place<'a>(&'a Gate);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Gate, map};

    #[test]
    fn no_more_are_behind_a_gate_than_it_has_places() {
        let gate = Gate::new(2);
        let inside = AtomicUsize::new(0);
        let most = AtomicUsize::new(0);
        map(vec![(); 40], 8, |()| {
            gate.pass(|| {
                let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                std::thread::yield_now();
                inside.fetch_sub(1, Ordering::SeqCst);
                Ok::<(), ()>(())
            })
        })
        .unwrap();
        assert!((1..=2).contains(&most.into_inner()));
    }

    #[test]
    fn everything_is_done_once() {
        let mut squares = map((0..100).collect(), 4, |number| {
            Ok::<u32, ()>(number * number)
        })
        .unwrap();
        squares.sort_unstable();
        assert_eq!(
            squares,
            (0..100).map(|number| number * number).collect::<Vec<u32>>()
        );
    }

    #[test]
    fn after_a_failure_nothing_more_is_begun() {
        let begun = AtomicUsize::new(0);
        let failed = map(vec![(); 100], 1, |()| {
            begun.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>("no")
        });
        assert_eq!(failed, Err("no"));
        assert_eq!(begun.into_inner(), 1);
    }
}
