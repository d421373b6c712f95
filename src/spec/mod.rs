//! The spec, `krunner.toml`: what a volume is made of, as its maintainer writes it.
//!
//! This module reads text and says everything that is wrong with it, each with its place. It owns the file
//! format (`docs/spec.md`, `docs/schema/krunner.schema.json`) and the reading of PEP 751 locks.
//! It decides nothing about a target (that is [`crate::plan`]) and opens no file.

pub mod arguments;
mod check;
mod key_path;
mod levels;
pub mod lock;
mod places;
mod preset;
mod reference;
mod schema;
mod sources;
mod text;
mod types;
pub mod url;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use crate::report::{Location, Problem, Problems};

pub use key_path::KeyPath;
pub use levels::{Glibc, InvalidLevel, Musl};
pub use preset::{Preset, presets};
pub use reference::with_reference;
pub use schema::schema_json;
pub use text::Text;
pub use types::{
    Arg, ArgTable, Binary, Document, File, Libc, Python, Runtime, Slim, Source, Toolchain, Ttyd,
    TtydSources, Volume, Wheels,
};

/// The longest spec that is read. A real one has a few kilobytes; the limit keeps a wrong file from
/// taking the frontend's memory.
pub const MAX_SPEC_BYTES: usize = 1 << 20;

/// The file, relative to the volume, in which a volume says what it is: one JSON object. No other file may have its name.
pub const IDENTITY_FILE: &str = "krunner.json";

/// A spec that was read and found right.
#[derive(Clone, Debug)]
pub struct Spec {
    text: Text,
    places: places::Places,
    document: Document,
}

impl Spec {
    /// Reads a spec. `file_name` is what problems call it, such as `krunner.toml`.
    ///
    /// On failure every problem is returned: also those behind a misspelt key or a wrong type.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Problems> {
        let text = Text::new(file_name, text, MAX_SPEC_BYTES)?;
        let table = toml::de::DeTable::parse(text.as_str()).map_err(|error| text.syntax(&error))?;
        let places = places::Places::of(table.get_ref());
        let walked = walk::walk(table.get_ref());
        let mut problems = Problems::default();
        for finding in &walked.findings {
            let range = match finding.on {
                walk::On::Key => places.key(&finding.path),
                walk::On::Value => places.value(&finding.path),
            };
            problems.0.push(Problem {
                at: Some(text.locate(range)),
                message: finding.message.clone(),
                hint: finding.hint.clone(),
            });
        }
        let document = match walked.repaired.try_into::<Document>() {
            Ok(document) => document,
            Err(error) => {
                // The walk repairs what the schema forbids, so this is a gap in the schema.
                problems.0.push(Problem::new(None, error.message()));
                return Err(problems);
            }
        };
        let spec = Self {
            text,
            places,
            document,
        };
        for found in check::check(&spec.document) {
            let is_below = |place| found.path.starts_with(place);
            if !walked.placeholders.iter().any(is_below) {
                let at = spec.at(&found.path);
                problems.0.push(Problem {
                    at: Some(at),
                    message: found.message,
                    hint: found.hint,
                });
            }
        }
        problems.into_result(spec)
    }

    /// What the file says.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The file's name and text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// Where the value at `path` stands; for a path that the file does not have, its nearest parent.
    pub fn at(&self, path: impl Into<KeyPath>) -> Location {
        self.text.locate(self.places.value(&path.into()))
    }

    /// Where the last key of `path` stands; for a path that the file does not have, its nearest parent.
    pub fn at_key(&self, path: impl Into<KeyPath>) -> Location {
        self.text.locate(self.places.key(&path.into()))
    }

    /// The paths of the lock files that [`crate::plan::build`] needs, relative to the spec, each once.
    pub fn locks(&self) -> Vec<&str> {
        let wheels = self.document.wheels.iter().map(|wheels| &*wheels.lock);
        let toolchain = self.document.ttyd.iter().filter_map(|ttyd| {
            let toolchain = ttyd.toolchain.as_ref()?;
            toolchain.lock.as_deref()
        });
        let mut locks: Vec<&str> = wheels.chain(toolchain).collect();
        locks.sort_unstable();
        locks.dedup();
        locks
    }

    /// Every source with its place.
    pub fn sources(&self) -> Vec<(KeyPath, &Source)> {
        sources::all(&self.document)
    }

    /// The contexts that sources name, which the command line must give.
    pub fn contexts(&self) -> BTreeSet<String> {
        let sources = sources::all(&self.document);
        let contexts = sources.into_iter().filter_map(|(_, s)| s.context.clone());
        contexts.collect()
    }

    /// The names among `args` that the spec does not declare and no engine sets by itself,
    /// for a warning such as Dockerfiles give.
    pub fn unknown_args(&self, args: &BTreeMap<String, String>) -> Vec<String> {
        args.keys()
            .filter(|name| {
                !self.document.args.contains_key(*name) && !arguments::is_predefined(name)
            })
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests;
