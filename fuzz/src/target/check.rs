//! The line `# check=`.

use krunner::lint::Options;

pub(crate) fn run(bytes: &[u8]) {
    if let Some(text) = super::text(bytes)
        && let Err(error) = Options::parse(text)
    {
        assert!(!error.to_string().is_empty());
    }
}
