//! One module for each target.

pub(crate) mod agent;
pub(crate) mod archive;
pub(crate) mod check;
pub(crate) mod definition;
pub(crate) mod document;
pub(crate) mod elf;
pub(crate) mod lock;
pub(crate) mod options;
pub(crate) mod plugin;
pub(crate) mod reference;
pub(crate) mod rewrite;
pub(crate) mod spec;
pub(crate) mod wheel;

/// The bytes as text, if they are text.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
