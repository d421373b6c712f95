//! The files that an answer quotes, and places in them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use krunner::report::Location;
use serde_json::{Value, json};

use crate::llb::{Place, SourceFile};
use crate::solve::Files;

/// Files, numbered as places refer to them.
#[derive(Debug, Default)]
pub(super) struct Sources(Vec<Arc<SourceFile>>);

impl Sources {
    /// The number of a file, which is added if it is new.
    pub(super) fn index(&mut self, file: &Arc<SourceFile>) -> usize {
        let known = self.0.iter().position(|known| known == file);
        known.unwrap_or_else(|| {
            self.0.push(Arc::clone(file));
            self.0.len() - 1
        })
    }

    /// A place as `pb.Location` is written; one that lies in no file has the number -1.
    pub(super) fn location(&mut self, at: &Location, files: &Files) -> Value {
        let range = json!({
            "start": { "line": at.line, "character": at.column },
            "end": { "line": at.end_line, "character": at.end_column },
        });
        match files.get(&at.file) {
            Some(file) => json!({ "sourceIndex": self.index(file), "ranges": [range] }),
            None => json!({ "sourceIndex": -1, "ranges": [] }),
        }
    }

    /// The ranges of `places` that lie in the file of the first.
    pub(super) fn places(&mut self, places: &[Place]) -> Option<Value> {
        let file = Arc::clone(&places.first()?.file);
        let places = places.iter().filter(|place| place.file == file);
        let ranges = places.map(|place| {
            json!({
                "start": { "line": place.start.0, "character": place.start.1 },
                "end": { "line": place.end.0, "character": place.end.1 },
            })
        });
        let ranges: Vec<_> = ranges.collect();
        Some(json!({ "sourceIndex": self.index(&file), "ranges": ranges }))
    }

    /// As `pb.SourceInfo` is written.
    pub(super) fn infos(&self) -> Value {
        let info = |file: &Arc<SourceFile>| {
            json!({
                "filename": file.name,
                "data": BASE64.encode(&file.data),
                "language": "TOML",
            })
        };
        self.0.iter().map(info).collect()
    }

    /// Only the bytes.
    pub(super) fn data(&self) -> Value {
        self.0
            .iter()
            .map(|file| BASE64.encode(&file.data))
            .collect()
    }
}
