//! Solving: one build from options to result.
//!
//! Options, spec, locks, a plan for every platform, operations, and back to the engine: what is decided where
//! is in the modules below; here is only the order.

mod config;
mod error;
mod frontend_image;
mod load;
mod request;
mod result;
mod warn;

use std::collections::BTreeMap;
use std::sync::Arc;

use krunner::plan;

pub use error::Error;

use crate::gateway::{Bridge, Options};
use crate::llb;
use crate::lower::{self, Environment};
use error::About;
use load::Loaded;
use request::Request;
use result::{Built, Outcome};

/// Where the engine puts the definition of our own image (since 0.10).
pub const FRONTEND_DEFINITION: &str = "/run/config/buildkit/metadata/frontend.bin";

/// Runs one build; the caller returns what comes out of it to the engine.
pub async fn solve(bridge: &mut Bridge, options: &Options) -> Result<Outcome, Error> {
    if let Some(name) = options.get("requestid") {
        return Err(Error::UnknownRequest(name.to_owned()));
    }
    let pong = bridge.ping().await?;
    bridge.cache_imports = request::cache_imports(options);
    let contexts = request::contexts(bridge, options).await?;
    let loaded = load::load(bridge, options, &contexts).await?;
    let about = About::new(&loaded.files, &loaded.spec);
    let request = Request::new(options).map_err(|problem| about.problem(problem))?;
    warn::unknown_args(bridge, &loaded, &request).await?;

    let environment = Environment {
        image: frontend_image::output(options, &contexts, request.build_platform)?,
        contexts,
        files: loaded.files.clone(),
        stages: loaded.stages(),
        can_merge: pong.llb.has("mergeop"),
        many_platforms: request.platforms.len() > 1,
        no_cache: request.no_cache.clone(),
        cache_namespace: request.cache_namespace.clone(),
    };
    let plans =
        plans(&loaded, &request, &environment).map_err(|problems| about.problems(problems))?;
    let mut built = Vec::new();
    for plan in plans {
        let lowered = lower::lower(&plan, request.target, &environment)
            .map_err(|error| about.lowering(&error))?;
        // The engine starts on it only when the result is looked into, so all platforms run side by side.
        let reference = bridge.solve(llb::marshal(&lowered.output)).await?;
        built.push(Built {
            plan,
            layers: lowered.layers,
            reference,
        });
    }
    Ok(result::outcome(built, &request))
}

fn plans(
    loaded: &Loaded,
    request: &Request,
    environment: &Environment,
) -> Result<Vec<plan::Plan>, krunner::report::Problems> {
    let mut plans = Vec::new();
    let mut problems = krunner::report::Problems::default();
    for platform in &request.platforms {
        let wanted = plan::Request {
            platform: *platform,
            build_platform: request.build_platform,
            args: request.args.clone(),
            contexts: environment.contexts.names(*platform),
        };
        match plan::build(&loaded.spec, &loaded.locks, &wanted) {
            Ok(plan) => plans.push(plan),
            Err(found) => problems.0.extend(found.0),
        }
    }
    problems.into_result(plans)
}

/// Files by name, for quoting them.
type Files = BTreeMap<String, Arc<llb::SourceFile>>;
