//! The machine tier: a Linux of its own, with systemd, that is switched off at any moment.
//!
//! `cargo xtask test` prepares what machines are made of and says where it is in the file that `KRUNNER_WORKBENCH` names.
//! Without it each test prints why it was skipped.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a skipped test says why")]

#[path = "../common/mod.rs"]
mod common;

mod guest;
mod power;
mod service;
mod volume;
