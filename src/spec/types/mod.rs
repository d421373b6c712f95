//! The tables and keys of `krunner.toml`. Their doc comments are what the JSON Schema and
//! `docs/spec.md` say, so they speak to the person who writes the file.

mod arg;
mod file;
mod python;
mod runtime;
mod slim;
mod source;
mod ttyd;
mod volume;
mod wheels;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use arg::{Arg, ArgTable};
pub use file::File;
pub use python::Python;
pub use runtime::Runtime;
pub use slim::Slim;
pub use source::Source;
pub use ttyd::{Binary, Toolchain, Ttyd, TtydSources};
pub use volume::{Libc, Volume};
pub use wheels::Wheels;

/// A krunner spec: what one flavour of the runtime volume is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "krunner.toml")]
pub struct Document {
    /// The volume as a whole.
    pub volume: Volume,
    /// Arguments that `--build-arg NAME=VALUE` sets, used as `${NAME}` in any `url`, label or annotation.
    #[serde(default)]
    pub args: BTreeMap<String, Arg>,
    /// Secrets for downloads: for a host (`HOST` or `HOST:PORT`), the id of the secret that the command line gives
    /// with `--secret id=ID,…`. It holds the whole header `Authorization` of requests to that host.
    #[serde(default)]
    pub auth: BTreeMap<String, String>,
    /// The Python distribution.
    pub python: Python,
    /// The C runtime. Needed with `libc = "any"`.
    pub runtime: Option<Runtime>,
    /// Python packages to install.
    pub wheels: Option<Wheels>,
    /// The web terminal.
    pub ttyd: Option<Ttyd>,
    /// What is left out of the volume.
    #[serde(default)]
    pub slim: Slim,
    /// Further files.
    #[serde(default)]
    pub files: Vec<File>,
    /// Labels for the image config, besides those that krunner sets itself.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Annotations for the manifest, besides those that krunner sets itself.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}
