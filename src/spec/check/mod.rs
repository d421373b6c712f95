//! What a schema cannot say: paths that stay inside, digests, versions, keys that need or exclude each other.

mod args;
mod auth;
mod files;
mod path;
mod runtime;
mod slim;
mod source;
mod ttyd;
mod volume;

use super::types::Document;
use super::{KeyPath, walk};

pub(super) use path::relative;

/// One thing that is wrong with a document whose shape is right.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: KeyPath,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// Collects what is wrong.
#[derive(Debug, Default)]
struct Findings(Vec<Found>);

impl Findings {
    fn add(&mut self, path: impl Into<KeyPath>, message: impl Into<String>) {
        self.0.push(Found {
            path: path.into(),
            message: message.into(),
            hint: None,
        });
    }

    fn add_with_hint(
        &mut self,
        path: impl Into<KeyPath>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.0.push(Found {
            path: path.into(),
            message: message.into(),
            hint: Some(hint.into()),
        });
    }
}

/// Everything that is wrong with `document`.
pub(super) fn check(document: &Document) -> Vec<Found> {
    let mut findings = Findings::default();
    volume::check(document, &mut findings);
    runtime::check(document, &mut findings);
    ttyd::check(document, &mut findings);
    slim::check(document, &mut findings);
    files::check(document, &mut findings);
    source::check(document, &mut findings);
    args::check(document, &mut findings);
    auth::check(document, &mut findings);
    findings.0
}
