//! Evaluation: sources are fetched before trees are returned, so that what fails still lands on a line.
//!
//! Nothing can be added to an error once the frontend has returned. Engines attach the lines of operations that
//! ran; those of a source that a policy denies, or that BuildKit 0.25 fails to fetch, they do not. Sources by themselves
//! are not asked for: an engine that has what is made of them fetches none.

use tokio::task::JoinSet;

use super::Error;
use crate::gateway::{self, Bridge, failed_source, has_source};
use crate::llb::{self, Output};
use crate::lower::{Environment, Lowered, NoCache};

/// Trees that the engine makes side by side.
#[derive(Debug, Default)]
pub(super) struct Evaluation(JoinSet<Result<(), Error>>);

impl Evaluation {
    /// Has the engine start on what needs every source of a result and of what is said of it.
    pub(super) fn start(
        &mut self,
        bridge: &Bridge,
        environment: &Environment,
        lowered: &Lowered,
        sbom: Option<&Output>,
    ) {
        let result = if asks_for_trees(environment) {
            lowered.trees.iter().map(|(_, tree)| tree).collect()
        } else {
            vec![&lowered.output]
        };
        for tree in llb::cover(result.into_iter().chain(sbom).cloned()) {
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

/// Whether single trees may be asked for, which costs engines less than the result: they look up each layer of it.
///
/// Trees that were copied onto each other are no layers of the result, so an imported cache may not have them. And
/// BuildKit runs what needs a step that had to run again too, even if that step made the same as before, unless both are
/// asked for at once.
fn asks_for_trees(environment: &Environment) -> bool {
    environment.can_merge && environment.no_cache == NoCache::Nothing
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
