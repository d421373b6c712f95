//! The rules, one file each.

mod cpu_baseline;
mod hidden_file;
mod missing_licence;
mod mutable_frontend;
mod newer_glibc;
mod unmatched_glob;
mod unpinned_input;
mod unused_argument;
mod unused_input;

use super::Rule;

/// All of them, sorted by name.
pub(super) const ALL: [Rule; 9] = [
    cpu_baseline::RULE,
    hidden_file::RULE,
    missing_licence::RULE,
    mutable_frontend::RULE,
    newer_glibc::RULE,
    unmatched_glob::RULE,
    unpinned_input::RULE,
    unused_argument::RULE,
    unused_input::RULE,
];
