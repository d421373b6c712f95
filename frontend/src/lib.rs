//! The BuildKit frontend of krunner.
//!
//! ```text
//! main ─► frontend ─► solve ─► {gateway, lower} ─► llb   the frontend process: krunner.toml to build graph
//! main ─► tool                                           the same binary inside the steps of that graph
//! ```
//!
//! Nothing here may print to standard output: in the frontend process it is the connection to the engine.

pub mod frontend;
pub mod gateway;
pub mod llb;
pub mod lower;
pub mod solve;
pub mod tool;
