//! What an engine says to the volume plugin: a path, and after a line break a body.

use krunner::agent::plugin::{Call, Options};

pub(crate) fn run(bytes: &[u8]) {
    let split = bytes.iter().position(|byte| *byte == b'\n');
    let (path, body) = bytes.split_at(split.unwrap_or(bytes.len()));
    let Some(path) = super::text(path) else {
        return;
    };
    match Call::parse(path, body) {
        Ok(Call::Create { name, options }) => {
            assert!(!name.is_empty());
            if let Ok(options) = Options::parse(&options) {
                assert!(!options.reference.is_empty());
            }
        }
        Ok(_) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
