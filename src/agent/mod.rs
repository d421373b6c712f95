//! The node agent: keeps references deployed, and hands volumes to whoever mounts them.
//!
//! ```text
//! config    agent.toml, parsed
//! node      the one use case: make sure that a volume is there, and keep it for somebody
//! follow    a thread for each reference: look, deploy, wait
//! keep      a thread that forgets and collects what nobody wants any more
//! http      requests and answers on sockets: limits, time-outs, problems
//! api       the HTTP API
//! plugin    Docker's volume plugin protocol
//! engine    the few calls to a Docker engine; volumes: plain volumes in it
//! daemon    all of it together, from start to end
//! ```
//!
//! Everything that must survive is in the store, so it may be killed at any point. Where artifacts come from it does not
//! know: the command hands it [`Sources`].

pub mod api;
mod bell;
mod client;
pub mod config;
mod daemon;
mod engine;
mod error;
mod events;
mod follow;
mod http;
mod keep;
mod metrics;
mod node;
pub mod plugin;
mod records;
pub mod schedule;
mod sources;
mod target;
mod volumes;
mod work;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

pub use client::Client;
pub use config::Config;
pub use daemon::run;
pub use error::{Error, Kind};
pub use events::{Event, Events, What};
pub use node::{Ensured, Node};
pub use sources::Sources;
pub use work::Piece;

/// What a mutex guards. Nothing here is left half-done by a panic, so one that saw a panic is as good as any.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
