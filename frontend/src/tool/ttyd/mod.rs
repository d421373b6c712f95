//! The ttyd steps: a web terminal as one static binary, compiled from patched sources or taken ready-made, and
//! in both cases verified.
//!
//! ```text
//! build: unpack ─► patch ─► compile (zig, cmake, ninja) ─► verify ─► /out/bin/ttyd, /out/licenses/COMPONENT
//! take:  find ─────────────────────────────────────────► verify ─► /out/bin/ttyd
//! ```
//!
//! It is always compiled as for a foreign machine: nothing is asked of the machine or the kernel that the build
//! happens to run on, so both architectures are built in the same way on either, to the same bytes.

mod binary;
mod command;
mod compile;
mod component;
mod fault;
mod licence;
mod patch;
mod verify;

pub(super) use self::binary::take;
pub(super) use self::compile::build;
pub(super) use self::component::patched;
pub use self::fault::Fault;
use super::step::Target;

/// Where the step wants a cache mount. The compiler keeps there what it makes of its own sources (the C library
/// and its runtime), by a digest of their contents, so that a warm cache saves minutes and changes no byte.
/// Without a mount there, everything is made anew.
pub const CACHE: &str = "/root/.cache";
