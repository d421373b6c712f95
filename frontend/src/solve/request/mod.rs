//! What the command line asks for, out of the options that it became.

mod cache;
pub(super) mod platform;
mod resources;
mod sandbox;
mod ulimit;
pub(super) mod value;

use std::collections::BTreeMap;

use krunner::platform::Platform;
use krunner::report::Problem;

pub(super) use cache::imports as cache_imports;
pub(super) use sandbox::{Dropped, fit};

use crate::gateway::Options;
use crate::llb::Sandbox;
use crate::lower::{NoCache, Target, UnknownTarget};

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is built.
    pub(super) target: Target,
    /// For what, each once.
    pub(super) platforms: Vec<Platform>,
    /// Where steps run: the engine's own platform.
    pub(super) build_platform: Platform,
    /// Whether the result is a map even with one platform.
    pub(super) map: bool,
    /// `--build-arg`.
    pub(super) args: BTreeMap<String, String>,
    /// `--label`.
    pub(super) labels: BTreeMap<String, String>,
    /// `--no-cache`.
    pub(super) no_cache: NoCache,
    /// Keeps cache mounts of several builds apart.
    pub(super) cache_namespace: Option<String>,
    /// What is put around each process, before it is known what the engine can do.
    pub(super) sandbox: Sandbox,
}

impl Request {
    /// Reads the options, of which some may be what no command line can mean.
    pub fn new(options: &Options) -> Result<Self, Problem> {
        let target = match options.get("target") {
            None => Target::default(),
            Some(name) => name.parse().map_err(|error: UnknownTarget| {
                Problem::new(None, error.to_string()).with_hint(error.hint())
            })?,
        };
        let build_platform = platform::native(options);
        let platforms = platform::wanted(options, build_platform)?;
        Ok(Self {
            target,
            map: platform::map(options, &platforms)?,
            platforms,
            build_platform,
            args: owned(options.with_prefix("build-arg:")),
            labels: owned(options.with_prefix("label:")),
            no_cache: NoCache::parse(options.raw("no-cache")),
            cache_namespace: options
                .get("build-arg:BUILDKIT_CACHE_MOUNT_NS")
                .map(str::to_owned),
            sandbox: sandbox::sandbox(options)?,
        })
    }
}

/// Names and values.
pub(super) fn owned<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<String, String> {
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
