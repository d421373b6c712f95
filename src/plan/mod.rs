//! The plan: what one platform's volume is made of, complete, serialisable, and free of BuildKit.
//!
//! Whatever decides (markers, tags, named contexts, arguments) comes before it;
//! whatever executes (LLB, tools) comes after it. `krunner plan` prints it.

mod input;
mod request;
mod stage;

pub use input::{Input, Origin};
pub use request::Request;
pub use stage::{Base, File, Package, Plan, Python, Toolchain, Ttyd, TtydSources, Volume, Wheels};
