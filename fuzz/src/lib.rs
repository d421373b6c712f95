//! Fuzz targets: every reader of bytes that others made, each as one function of those bytes.
//!
//! A target fails by panicking, by taking too long, or by taking too much memory; beyond that each states what must
//! hold of what was read. `cargo xtask fuzz` runs them under libFuzzer; `tests/seeds.rs` runs them over their seeds
//! and a few mutations, wherever there is no C++ compiler.

mod seed;
mod target;

pub use seed::{Seed, seeds};

/// A reader under test.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// The longest input that is tried: for archives, whose contents may be a thousand times as long, a short one.
    pub longest: usize,
    /// Reads the bytes.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 13] = [
    target("spec", 1 << 16, target::spec::run),
    target("lock", 1 << 16, target::lock::run),
    target("options", 1 << 14, target::options::run),
    target("check", 1 << 10, target::check::run),
    target("reference", 1 << 10, target::reference::run),
    target("definition", 1 << 14, target::definition::run),
    target("archive", 1 << 13, target::archive::run),
    target("wheel", 1 << 14, target::wheel::run),
    target("elf", 1 << 16, target::elf::run),
    target("rewrite", 1 << 16, target::rewrite::run),
    target("document", 1 << 14, target::document::run),
    target("agent", 1 << 13, target::agent::run),
    target("plugin", 1 << 12, target::plugin::run),
];

const fn target(name: &'static str, longest: usize, run: fn(&[u8])) -> Target {
    Target { name, longest, run }
}
