//! The agent as a process: what it keeps deployed, what it answers, and what is left of it when it is killed.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says why it was skipped"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../snapshot/mod.rs"]
mod snapshot;

mod api;
mod kept;
mod killed;
mod place;
mod plugin;
mod verbs;
