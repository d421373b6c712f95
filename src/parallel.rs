//! Some work for each of some things, a few at a time, until one of them fails.

use std::sync::{Mutex, PoisonError};
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::map;

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
