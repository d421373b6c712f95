//! What an engine does while it builds, as its client is told.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

use crate::volume::Build;
use crate::workbench::said;

/// Everything that was told in one build.
pub(crate) struct Progress {
    pub(crate) succeeded: bool,
    /// The operations by digest.
    vertices: BTreeMap<String, Vertex>,
    pub(crate) warnings: Vec<String>,
    /// The whole of it, for messages.
    pub(crate) said: String,
}

/// One operation.
#[derive(Clone, Deserialize)]
pub(crate) struct Vertex {
    digest: String,
    #[serde(default)]
    inputs: Vec<String>,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) cached: bool,
    completed: Option<String>,
    #[serde(default, rename = "progressGroup")]
    pub(crate) group: Option<Group>,
}

/// What several operations are shown as.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    vertexes: Vec<Vertex>,
    #[serde(default)]
    warnings: Vec<Warning>,
}

#[derive(Deserialize)]
struct Warning {
    /// In base64.
    short: String,
}

impl Progress {
    /// Runs a build to its end, whatever that is.
    pub(crate) fn of(build: Build<'_>, output: &str) -> Self {
        Self::watch(&mut build.with("--progress").with("rawjson").command(output))
    }

    /// Runs a command that was told to give its progress as JSON.
    pub(crate) fn watch(command: &mut Command) -> Self {
        use base64::Engine as _;
        let output = command.output().unwrap();
        let mut progress = Self {
            succeeded: output.status.success(),
            vertices: BTreeMap::new(),
            warnings: Vec::new(),
            said: format!("{command:?}\n{}", said(&output)),
        };
        // Old clients indent it, and an error stands behind it as plain text.
        let told = String::from_utf8_lossy(&output.stderr);
        let told = told.find('{').map_or("", |start| &told[start..]);
        let statuses = serde_json::Deserializer::from_str(told).into_iter::<Status>();
        for status in statuses.map_while(Result::ok) {
            for vertex in status.vertexes {
                progress.vertices.insert(vertex.digest.clone(), vertex);
            }
            for warning in status.warnings {
                let short = base64::engine::general_purpose::STANDARD.decode(warning.short);
                progress
                    .warnings
                    .push(String::from_utf8(short.unwrap()).unwrap());
            }
        }
        progress
    }

    /// The same, of a build that must succeed.
    #[track_caller]
    pub(crate) fn of_success(build: Build<'_>, output: &str) -> Self {
        let progress = Self::of(build, output);
        assert!(progress.succeeded, "{}", progress.said);
        progress
    }

    /// The operations that ran. Newer engines look at the keys of all of them, and call that completed too; of those
    /// whose users are in the cache they need no result, so that they go no further.
    pub(crate) fn ran(&self) -> impl Iterator<Item = &str> {
        let ran = self.vertices().filter(|vertex| self.has_run(vertex));
        ran.map(|vertex| vertex.name.as_str())
    }

    fn has_run(&self, vertex: &Vertex) -> bool {
        let mut users = self
            .vertices()
            .filter(|user| user.inputs.contains(&vertex.digest))
            .peekable();
        let done = vertex.completed.is_some() && !vertex.cached;
        done && (users.peek().is_none() || users.any(|user| self.has_run(user)))
    }

    /// All operations.
    pub(crate) fn vertices(&self) -> impl Iterator<Item = &Vertex> {
        self.vertices.values()
    }
}
