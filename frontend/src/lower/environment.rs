//! What lowering needs to know beside the plan: the same for every platform of one build.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use krunner::platform::Platform;
use krunner::report::Location;

use super::Contexts;
use crate::llb::{Output, Place, Sandbox, SourceFile, pb};

/// One build.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The frontend's own binary, which runs in every step.
    pub program: Output,
    /// Where inputs come from that are not downloaded.
    pub contexts: Contexts,
    /// The spec and its locks, by name.
    pub files: BTreeMap<String, Arc<SourceFile>>,
    /// Where the spec speaks of a stage, by the stage's name: errors of its step point there.
    pub stages: BTreeMap<&'static str, Location>,
    /// Whether the engine can merge trees.
    pub can_merge: bool,
    /// Whether names must say which platform they are about.
    pub many_platforms: bool,
    /// What must run again.
    pub no_cache: NoCache,
    /// Keeps the cache mounts of several builds apart.
    pub cache_namespace: Option<String>,
    /// What is put around each process.
    pub sandbox: Sandbox,
}

/// What must run again although the cache has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NoCache {
    /// Nothing.
    #[default]
    Nothing,
    /// Everything.
    All,
    /// The stages of these names, in lower case.
    Stages(BTreeSet<String>),
}

impl NoCache {
    /// What can be named: all stages, with those that only build others, and the whole.
    pub const STAGES: [&str; 8] = [
        "runtime",
        "python",
        "wheels",
        "toolchain",
        "ttyd",
        "bytecode",
        "base",
        "volume",
    ];

    /// The names of no stage.
    pub fn unknown(&self) -> Vec<&str> {
        let Self::Stages(names) = self else {
            return Vec::new();
        };
        let names = names.iter().map(String::as_str);
        names.filter(|name| !Self::STAGES.contains(name)).collect()
    }

    /// From the option `no-cache`: empty means everything.
    pub fn parse(option: Option<&str>) -> Self {
        match option {
            None => Self::Nothing,
            Some("") => Self::All,
            Some(names) => Self::Stages(
                names
                    .split(',')
                    .map(|name| name.trim().to_lowercase())
                    .collect(),
            ),
        }
    }

    /// Whether `stage` must run again.
    pub fn covers(&self, stage: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Stages(names) => names.contains(stage),
        }
    }
}

impl Environment {
    /// The lines at `location`, if we have that file.
    pub fn place(&self, location: Option<&Location>) -> Option<Place> {
        let location = location?;
        Some(Place {
            file: Arc::clone(self.files.get(&location.file)?),
            start: (location.line, location.column),
            end: (location.end_line, location.end_column),
        })
    }

    /// How the operations of a stage are called.
    pub fn label(&self, stage: &str, platform: Platform) -> String {
        if self.many_platforms {
            format!("[{platform} {stage}]")
        } else {
            format!("[{stage}]")
        }
    }
}

/// A platform as operations have it.
pub fn platform(platform: Platform) -> pb::Platform {
    pb::Platform {
        os: platform.os().to_owned(),
        architecture: platform.architecture.oci().to_owned(),
        ..pb::Platform::default()
    }
}
