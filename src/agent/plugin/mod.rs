//! Docker's volume plugin, `VolumeDriver` of the plugin API:
//! <https://docs.docker.com/engine/extend/plugins_volume/>.
//!
//! A volume of the engine is a wish (a reference and a platform), remembered on disk; mounting it makes the wish come
//! true, and holds a lease for as long as the container has it. So the agent and the engine may be killed and started
//! again in any order.

mod guard;
mod options;
mod protocol;
mod reply;
mod volumes;

pub use options::Options;
pub use protocol::{Call, Malformed};
pub(super) use reply::answer;
pub(super) use volumes::Plugin;
