//! Registries, as sources and sinks of content: the protocol of the OCI distribution specification, as a client.
//!
//! Every size is capped, a transfer that breaks is taken up where it broke, in both directions, and nothing is hashed
//! twice. No byte is believed here; the reader of a blob verifies it. What a registry is shown is shown to no other
//! host, wherever its redirects and locations lead.

mod body;
mod challenge;
mod client;
mod credentials;
mod error;
mod fetch;
mod host;
mod notes;
mod push;
mod referrers;
mod retry;
mod session;
mod settings;
mod stream;
mod token;
mod vacant;
mod warnings;

pub use client::Registry;
pub use credentials::Credentials;
pub use error::Error;
pub use settings::{Endpoint, Identity, Settings};
pub use warnings::Warnings;
