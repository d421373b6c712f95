//! Who vouches for an artifact: signatures and attestations in cosign's formats, with keys, and the policy that asks
//! for them.
//!
//! No clock, no transparency log, no network of its own: a signature is good for as long as its key is trusted. The same
//! key signs the same artifact with the same bytes (RFC 6979).

mod encrypted;
mod envelope;
mod error;
mod key;
mod payload;
mod pinned;
mod policy;
mod sign;
mod verify;

pub use envelope::predicate_type;
pub use error::Error;
pub use key::{PublicKey, SecretKey};
pub use pinned::Pinned;
pub use policy::{Demand, Policy};
pub use sign::{attest, sign};
pub use verify::signers;
