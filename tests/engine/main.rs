//! The engine tier: real engines, a real registry, real inputs, other people's tools.
//!
//! `cargo xtask test` starts what these tests need and says where it is in the file that `KRUNNER_WORKBENCH` names.
//! Without it each test prints why it was skipped.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    clippy::print_stderr,
    reason = "a skipped test says why, and a failed build what the engine said"
)]

#[path = "../common/mod.rs"]
mod common;

mod any;
mod attested;
mod audit;
mod caching;
mod calls;
mod container;
mod contexts;
mod damage;
mod deployed;
mod old;
mod options;
mod output;
mod platforms;
mod plugin;
mod policy;
mod problems;
mod progress;
mod real;
mod registries;
mod repository;
mod reproducible;
mod run;
mod sbom;
mod secrets;
mod served;
mod small;
mod syntax;
mod tools;
mod tree;
mod volume;
mod witnesses;
mod workbench;
