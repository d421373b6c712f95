//! Solving: one build from options to result.
//!
//! Options, spec, locks, a plan for every platform, operations, and back to the engine: what is decided where
//! is in the modules below; here is only the order. What is asked besides a build is in `call`.

mod attestation;
mod call;
mod config;
mod contexts;
mod epoch;
mod error;
mod evaluate;
mod frontend_image;
mod load;
mod opened;
pub mod request;
mod result;
mod warn;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use error::Error;

use crate::gateway::{Bridge, Options};
use crate::llb;
use crate::lower;
use evaluate::Evaluation;
use opened::{Prepared, prepare};
use result::Built;
pub use result::Outcome;

/// Where the engine puts the definition of our own image (since 0.10).
pub const FRONTEND_DEFINITION: &str = "/run/config/buildkit/metadata/frontend.bin";

/// Runs one build or answers one call; the caller returns what comes out of it to the engine.
pub async fn solve(bridge: &mut Bridge, options: &Options) -> Result<Outcome, Error> {
    match options.get("requestid") {
        Some(name) => call::answer(bridge, options, name.parse()?).await,
        None => build(bridge, options).await,
    }
}

async fn build(bridge: &mut Bridge, options: &Options) -> Result<Outcome, Error> {
    let prepared = prepare(bridge, options).await?;
    warn::options(bridge, &prepared).await?;
    warn::lint(bridge, &prepared.loaded, options).await?;
    let mut built = Vec::new();
    let mut evaluation = Evaluation::default();
    for plan in prepared.plans()? {
        let lowered = lower::lower(&plan, prepared.request.target, &prepared.environment)
            .map_err(|error| prepared.about().lowering(&error))?;
        // The engine starts on it only when it is evaluated, and all platforms run side by side.
        let reference = bridge.solve(llb::marshal(&lowered.output)).await?;
        let sbom = if prepared.attests {
            let sbom = lower::sbom(&plan, &lowered, &prepared.environment)
                .map_err(|error| prepared.about().lowering(&error))?;
            // A tree of its own, so that nothing in the result depends on it.
            Some((bridge.solve(llb::marshal(&sbom)).await?, sbom))
        } else {
            None
        };
        let tree = sbom.as_ref().map(|(_, tree)| tree);
        evaluation.start(bridge, &prepared.environment, &lowered, tree);
        built.push(Built {
            plan,
            layers: lowered.layers().into_iter().map(str::to_owned).collect(),
            reference,
            sbom: sbom.map(|(reference, _)| reference),
        });
    }
    evaluation.end().await?;
    Ok(result::outcome(built, &prepared.request))
}

/// Files by name, for quoting them.
type Files = BTreeMap<String, Arc<llb::SourceFile>>;
