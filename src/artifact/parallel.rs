//! Some work for each of some things, a few at a time, until one of them fails.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does `work` for everything in `queue`, the last first. After a failure nothing more is begun.
pub(super) fn each<T: Send, E: Send>(
    queue: Vec<T>,
    threads: usize,
    work: impl Fn(T) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let threads = threads.min(queue.len());
    let queue = Mutex::new(queue);
    let run = || -> Result<(), E> {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(next) = next else { return Ok(()) };
            let result = work(next);
            if result.is_err() {
                queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
                return result;
            }
        }
    };
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        threads
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect()
    });
    for result in results {
        match result {
            Ok(result) => result?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    Ok(())
}
