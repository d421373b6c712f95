//! Environment markers (PEP 508), read strictly: what is not understood is an error, where
//! installers warn and guess.

use pep508_rs::{MarkerTree, MarkerWarningKind};

/// Longer markers are not written by hand or by lockers.
const MAX_BYTES: usize = 4096;

/// The parser calls itself for every parenthesis.
const MAX_DEPTH: usize = 32;

/// A marker that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMarker {
    /// More than anybody writes, or the parser can take.
    #[error("Marker too long or too deeply nested")]
    TooLarge,
    /// The parser cuts its messages at bytes, and panics inside other characters.
    #[error("Marker with characters outside ASCII: `{0}`")]
    NotAscii(String),
    /// Why, and the marker.
    #[error("Marker not understood ({0}): `{1}`")]
    Syntax(String, String),
}

/// Reads a marker.
pub fn parse(text: &str) -> Result<MarkerTree, InvalidMarker> {
    if text.len() > MAX_BYTES || text.matches('(').count() > MAX_DEPTH {
        return Err(InvalidMarker::TooLarge);
    }
    if !text.is_ascii() {
        return Err(InvalidMarker::NotAscii(text.to_owned()));
    }
    // The parser panics at it before a name of a text, though not behind one; before a version it means nothing.
    let mut before = text
        .match_indices("~=")
        .map(|(at, _)| text[..at].trim_end());
    if before.any(|left| left.ends_with(['\'', '"'])) {
        let reason = "A text cannot stand before `~=`".to_owned();
        return Err(InvalidMarker::Syntax(reason, text.to_owned()));
    }
    let mut warnings = Vec::new();
    let mut reporter = |kind, warning| match kind {
        // An old spelling, not an unclear meaning.
        MarkerWarningKind::DeprecatedMarkerName => {}
        _ => warnings.push(warning),
    };
    let marker = MarkerTree::parse_reporter(text, &mut reporter)
        .map_err(|error| InvalidMarker::Syntax(error.message.to_string(), text.to_owned()))?;
    match warnings.into_iter().next() {
        Some(warning) => Err(InvalidMarker::Syntax(warning, text.to_owned())),
        None => Ok(marker),
    }
}
