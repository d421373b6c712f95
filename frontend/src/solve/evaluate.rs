//! Evaluation: sources are fetched before trees are returned, so that what fails still lands on a line.
//!
//! Nothing can be added to an error once the frontend has returned. Engines attach the lines of operations that
//! ran; those of a source that a policy denies, or that BuildKit 0.25 fails to fetch, they do not. Sources by themselves
//! are not asked for: an engine that has what is made of them fetches none.

use tokio::task::JoinSet;

use super::Error;
use crate::gateway::{self, Bridge, failed_source, has_source};
use crate::llb::{self, Output};
use crate::lower::NoCache;

/// Trees that the engine makes side by side.
#[derive(Debug, Default)]
pub(super) struct Evaluation(JoinSet<Result<(), Error>>);

impl Evaluation {
    /// Has the engine start on what needs the sources of `trees`.
    pub(super) fn start(&mut self, bridge: &Bridge, trees: Vec<Output>, no_cache: &NoCache) {
        // BuildKit runs what needs a step that had to run again, and was asked for before it, again too, even if that step
        // made the same. Asked for both at once, it does not.
        let trees = match no_cache {
            NoCache::Nothing => llb::cover(&trees),
            NoCache::All | NoCache::Stages(_) => trees,
        };
        for tree in trees {
            let bridge = bridge.clone();
            self.0.spawn(async move {
                let made = bridge.evaluate(llb::marshal(&tree)).await;
                made.map_err(|error| trace(error, &tree))
            });
        }
    }

    /// Waits for all of them, and ends with the first that fails.
    pub(super) async fn end(mut self) -> Result<(), Error> {
        while let Some(ended) = self.0.join_next().await {
            ended.unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()))?;
        }
        Ok(())
    }
}

/// The error with the lines that asked for what it is about, if the engine left them out.
fn trace(error: gateway::Error, tree: &Output) -> Error {
    let status = error.to_status();
    if has_source(&status) {
        return error.into();
    }
    let failed = failed_source(&status);
    let places = llb::blame(tree, |source| {
        // What a policy denies never became an operation: only the message names it.
        failed.as_ref() == Some(&source.identifier)
            || status
                .message
                .contains(&format!("\"{}\"", source.identifier))
    });
    Error::Traced { error, places }
}
