//! Evaluation: trees are made before they are returned, so that what fails still lands on a line.
//!
//! Nothing can be added to an error once the frontend has returned. Engines attach the lines of operations that
//! ran; those of a source that a policy denies, or that BuildKit 0.25 fails to fetch, they do not.

use std::iter;

use tokio::task::JoinSet;

use super::Error;
use super::result::Built;
use crate::gateway::{self, Bridge, failed_source, has_source};
use crate::llb::{self, Output};

/// Has the engine make all trees side by side, and ends with the first that fails.
pub(super) async fn evaluate(bridge: &Bridge, built: &[Built]) -> Result<(), Error> {
    let mut trees = JoinSet::new();
    for (index, built) in built.iter().enumerate() {
        for tree in iter::once(&built.reference).chain(&built.sbom) {
            let (bridge, tree) = (bridge.clone(), tree.clone());
            trees.spawn(async move { (index, bridge.evaluate(&tree).await) });
        }
    }
    while let Some(ended) = trees.join_next().await {
        let (index, made) =
            ended.unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()));
        made.map_err(|error| trace(error, &built[index].output))?;
    }
    Ok(())
}

/// The error with the lines that asked for what it is about, if the engine left them out.
fn trace(error: gateway::Error, output: &Output) -> Error {
    let status = error.to_status();
    if has_source(&status) {
        return error.into();
    }
    let failed = failed_source(&status);
    let places = llb::blame(output, |source| {
        // What a policy denies never became an operation: only the message names it.
        failed.as_ref() == Some(&source.identifier)
            || status
                .message
                .contains(&format!("\"{}\"", source.identifier))
    });
    Error::Traced { error, places }
}
