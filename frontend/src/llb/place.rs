//! Source maps: which lines of which file asked for an operation.

use std::sync::Arc;

use super::pb;

/// A file that the user wrote, as the engine quotes it under an error.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceFile {
    /// Its name as the user knows it.
    pub name: String,
    /// Its bytes.
    pub data: Vec<u8>,
    /// How the engine got it, for the build history.
    pub definition: Option<pb::Definition>,
}

impl SourceFile {
    /// As the protocol has it. All files that we read are TOML.
    pub fn info(&self) -> pb::SourceInfo {
        pb::SourceInfo {
            filename: self.name.clone(),
            data: self.data.clone(),
            definition: self.definition.clone(),
            language: "TOML".to_owned(),
        }
    }
}

/// A range in a file. Lines count from 1, columns from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The file.
    pub file: Arc<SourceFile>,
    /// First line and column.
    pub start: (u32, u32),
    /// Last line and the column after the last character.
    pub end: (u32, u32),
}

impl Place {
    /// As the protocol has it.
    pub fn range(&self) -> pb::Range {
        let position = |(line, character)| pb::Position {
            line: i32::try_from(line).unwrap_or(i32::MAX),
            character: i32::try_from(character).unwrap_or(i32::MAX),
        };
        pb::Range {
            start: Some(position(self.start)),
            end: Some(position(self.end)),
        }
    }
}
