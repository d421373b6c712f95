//! The engine tier: real engines, a real registry, real inputs, other people's tools.
//!
//! `cargo xtask test` starts what these tests need and says where it is in the file that `KRUNNER_WORKBENCH` names.
//! Without it each test prints why it was skipped.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    clippy::print_stderr,
    reason = "a skipped test says why, and a failed build what the engine said"
)]

mod any;
mod audit;
mod container;
mod damage;
mod deployed;
mod problems;
mod reproducible;
mod run;
mod syntax;
mod tree;
mod volume;
mod witnesses;
mod workbench;
