//! Registries, as sources and sinks of content.
//!
//! `oci-client` speaks the protocol where it does so well: authentication, and the way in. What comes out of a registry
//! is read by our own requests, because there every size is capped, broken transfers are taken up where they broke, and
//! nothing is hashed twice. No byte is believed here; the reader of a blob verifies it.

mod client;
mod credentials;
mod error;
mod fetch;
mod push;
mod retry;

pub use client::Registry;
pub use credentials::Credentials;
pub use error::Error;
