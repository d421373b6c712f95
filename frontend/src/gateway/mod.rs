//! BuildKit's gateway: the calls by which a frontend speaks with the engine, over the pipes it was started with.

mod bridge;
mod error;
mod options;
mod solve;
mod stdio;

pub use bollard_buildkit_proto::google::rpc;
pub use bollard_buildkit_proto::moby::buildkit::v1::frontend as proto;
pub use bridge::{Bridge, Pong, Reference};
pub use error::{Code, Error, failed_source, has_source, source_detail, status, subrequest_detail};
pub use options::Options;
pub use stdio::connect;
