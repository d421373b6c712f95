//! How long work is told: reported from below, drawn above.

/// Hears of long work.
pub trait Reporter: Sync {
    /// Something of `total` bytes begins (0: nobody knows how many); it ends when the task is dropped.
    fn start(&self, what: &str, total: u64) -> Box<dyn Task>;
    /// Something went another way than it might have, and went on.
    fn note(&self, _message: &str) {}
}

/// One piece of long work.
pub trait Task: Send + Sync {
    /// So many more bytes are done.
    fn advance(&self, bytes: u64);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn start(&self, _what: &str, _total: u64) -> Box<dyn Task> {
        Box::new(Self)
    }
}

impl Task for Silent {
    fn advance(&self, _bytes: u64) {}
}

/// A reader that reports what passes by.
pub struct Reported<R> {
    inner: R,
    task: Box<dyn Task>,
}

impl<R> std::fmt::Debug for Reported<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reported")
    }
}

impl<R> Reported<R> {
    /// Reports what is read from `inner` to `task`.
    pub fn new(inner: R, task: Box<dyn Task>) -> Self {
        Self { inner, task }
    }
}

impl<R: std::io::Read> std::io::Read for Reported<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.task.advance(count as u64);
        Ok(count)
    }
}
