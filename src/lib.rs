//! krunner builds, publishes, deploys and runs the runtime volume that a platform mounts,
//! read-only, into other people's container images.
//!
//! A module imports only what lies below it; `tests/layering.rs` holds the arrows:
//!
//! ```text
//! L5 cli
//! L4 agent
//! L3 store  registry  sbom  trust
//! L2 plan   lint  artifact  audit
//! L1 spec   labels
//! L0 platform  digest  date  reference  env  fsutil  mountinfo  parallel  report  elf
//! ```

#[cfg(feature = "cli")]
pub mod agent;
#[cfg(feature = "cli")]
pub mod artifact;
pub mod audit;
#[cfg(feature = "cli")]
pub mod cli;
pub mod date;
pub mod digest;
pub mod elf;
pub mod env;
#[cfg(feature = "cli")]
pub mod fsutil;
pub mod labels;
pub mod lint;
#[cfg(feature = "cli")]
pub mod mountinfo;
#[cfg(feature = "cli")]
pub mod parallel;
pub mod plan;
pub mod platform;
pub mod reference;
#[cfg(feature = "cli")]
pub mod registry;
pub mod report;
pub mod sbom;
pub mod spec;
#[cfg(feature = "cli")]
pub mod store;
#[cfg(feature = "cli")]
pub mod trust;
