//! Opening: what every answer begins with, whether it is a build or only a question about one.

use krunner::plan;
use krunner::report::Problems;

use super::error::About;
use super::load::{self, Loaded};
use super::request::{self, Dropped, Request};
use super::{Error, attestation, contexts, epoch, frontend_image};
use crate::gateway::{Bridge, Options, Pong};
use crate::lower::{Contexts, Environment};

/// The spec and where it came from.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) pong: Pong,
    pub(super) contexts: Contexts,
    pub(super) loaded: Loaded,
}

impl Opened {
    pub(super) async fn open(bridge: &mut Bridge, options: &Options) -> Result<Self, Error> {
        let pong = bridge.ping().await?;
        bridge.cache_imports = request::cache_imports(options)?;
        let layout = contexts::layout(bridge, options, &pong).await?;
        let loaded = load::load(bridge, options, &layout).await?;
        Ok(Self {
            pong,
            contexts: layout.contexts,
            loaded,
        })
    }

    pub(super) fn about(&self) -> About<'_> {
        About::new(&self.loaded.files, &self.loaded.spec)
    }
}

/// Everything that decides about a build.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) loaded: Loaded,
    pub(super) request: Request,
    pub(super) environment: Environment,
    /// What was asked of the engine that it cannot do.
    pub(super) dropped: Vec<Dropped>,
    /// Whether the result carries a bill of materials.
    pub(super) attests: bool,
}

/// Opens the spec and reads what the command line asks of it.
pub(super) async fn prepare(bridge: &mut Bridge, options: &Options) -> Result<Prepared, Error> {
    let opened = Opened::open(bridge, options).await?;
    let request = Request::new(options).map_err(|problem| opened.about().problem(problem));
    let mut request = request?;
    epoch::resolve(
        bridge,
        &opened.pong,
        &opened.contexts.main,
        &mut request.args,
    )
    .await?;
    let Opened {
        pong,
        contexts,
        loaded,
    } = opened;
    let (sandbox, dropped) = request::fit(request.sandbox.clone(), &pong.llb);
    bridge.resources.clone_from(&sandbox.resources);
    let attests = attestation::wanted(options, &pong);
    let environment = Environment {
        program: frontend_image::program(options, &contexts, request.build_platform)?,
        contexts,
        files: loaded.files.clone(),
        stages: loaded.stages(),
        can_merge: pong.llb.has("mergeop"),
        many_platforms: request.platforms.len() > 1,
        no_cache: request.no_cache.clone(),
        cache_namespace: request.cache_namespace.clone(),
        sandbox,
    };
    Ok(Prepared {
        loaded,
        request,
        environment,
        dropped,
        attests,
    })
}

impl Prepared {
    pub(super) fn about(&self) -> About<'_> {
        About::new(&self.loaded.files, &self.loaded.spec)
    }

    /// A plan for every platform that is asked for, or all that is wrong with any of them.
    pub(super) fn plans(&self) -> Result<Vec<plan::Plan>, Error> {
        let mut plans = Vec::new();
        let mut problems = Problems::default();
        for platform in &self.request.platforms {
            let wanted = plan::Request {
                platform: *platform,
                build_platform: self.request.build_platform,
                args: self.request.args.clone(),
                contexts: self.environment.contexts.names(*platform),
            };
            match plan::build(&self.loaded.spec, &self.loaded.locks, &wanted) {
                Ok(plan) => plans.push(plan),
                Err(found) => problems.0.extend(found.0),
            }
        }
        let plans = problems.into_result(plans);
        plans.map_err(|problems| self.about().problems(problems))
    }
}
