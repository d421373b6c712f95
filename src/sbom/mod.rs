//! The software bill of materials of a volume: one SPDX 2.3 document for each platform.
//!
//! ```text
//! plan ─► Parts ─┐
//!                ├─► document ─► JSON
//! trees ─► Facts ┘
//! ```
//!
//! [`Parts`] is what the plan knows (names, versions, addresses, digests); [`Facts`] is what somebody found in the
//! finished trees (licences, what is installed). Nothing here reads a file or a clock, so equal parts and facts give
//! equal bytes. `docs/sbom.md` says what stands in a document.

mod check;
mod component;
mod debian;
mod depends;
mod document;
mod facts;
pub mod licence;
mod licences;
mod notes;
mod package;
mod parts;
mod purl;
mod relations;
mod spdx;
mod version;

pub use check::{Fault, check};
pub use component::{Component, Kind};
pub use document::document;
pub use facts::{Facts, Installed, Licence, Read, Tree};
pub use parts::Parts;
pub use spdx::{Document, Row};

/// The name of a document's file. Exporters and scanners know SPDX by its ending.
pub const FILE: &str = "sbom.spdx.json";

#[cfg(test)]
mod tests;
