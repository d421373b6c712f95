//! The plan: what one platform's volume is made of, complete, serialisable, and free of BuildKit.
//!
//! Whatever decides (markers, tags, named contexts, arguments) comes before it;
//! whatever executes (LLB, tools) comes after it. `krunner plan` prints it.

mod build;
mod check;
mod choose;
mod input;
mod inputs;
mod layers;
mod locks;
mod marks;
mod planner;
mod request;
mod runtime;
mod slim;
mod stage;
mod tags;
mod target;
mod ttyd;
mod wheels;

pub use build::build;
pub use check::check;
pub use input::{Input, Origin};
pub use inputs::Use;
pub use locks::Locks;
pub use request::Request;
pub use stage::{
    Base, Bytecode, Dropped, File, Package, Plan, Python, Runtime, Slim, Toolchain, Ttyd,
    TtydSources, Volume, Wheels,
};
pub use target::python_environment;
#[cfg(test)]
mod tests;
