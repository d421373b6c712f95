//! `copy`, `tag`, `diff`, `verify`, `pack` and joining, as a user sees them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../snapshot/mod.rs"]
mod snapshot;

mod copy;
mod help;
mod join;
mod look;
mod pack;
mod place;
