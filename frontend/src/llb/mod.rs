//! BuildKit's low-level build graph: our own immutable operations and their marshalling.
//!
//! An [`Output`] is a file tree that some operation makes. An operation is encoded when it is built, so its
//! digest never changes afterwards, and equal operations have equal digests wherever they were built. It
//! knows nothing of plans, of the gateway, or of the clock.

mod blame;
mod caps;
mod cover;
mod definition;
mod exec;
mod file;
mod git;
mod graft;
mod merge;
mod needs;
mod place;
mod resources;
mod sandbox;
mod source;
#[cfg(test)]
mod tests;
mod vertex;

pub use blame::blame;
pub use bollard_buildkit_proto::pb;
pub use caps::{Cap, Caps};
pub use cover::cover;
pub use definition::marshal;
pub use exec::{Exec, Mount};
pub use file::{copy_tree, make_file, pick, scope, unpack};
pub use git::Git;
pub use graft::{GraftError, graft};
pub use merge::merge;
pub use needs::{Lack, SINCE, lacks};
pub use place::{Place, SourceFile};
pub use resources::{Resources, is_process, metadata};
pub use sandbox::{Network, Sandbox};
pub use source::{Http, Local, http, image, oci_layout, sources};
pub use vertex::{Group, Meta, Output};
