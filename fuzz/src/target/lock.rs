//! `pylock.toml`: read, and written again as its problems.

use krunner::spec::lock::Lock;

pub(crate) fn run(bytes: &[u8]) {
    let Some(text) = super::text(bytes) else {
        return;
    };
    if let Err(problems) = Lock::parse("pylock.toml", text) {
        assert!(!problems.to_string().is_empty());
    }
}
