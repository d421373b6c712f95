//! Warnings: what is strange, but no reason to stop. Each is sent once, however many platforms are built.

use krunner::lint;
use krunner::report::{Location, Problem, Problems};
use krunner::spec::Spec;

use super::error::About;
use super::load::Loaded;
use super::request::Dropped;
use super::{Error, Prepared};
use crate::gateway::{Bridge, Options, proto};
use crate::llb::Place;
use crate::lower::NoCache;

/// The argument by which command lines say which rules hold, in place of what the spec says.
const CHECK: &str = "build-arg:BUILDKIT_DOCKERFILE_CHECK";

/// What of the options goes by the board, each kind in one warning.
pub(super) async fn options(bridge: &Bridge, prepared: &Prepared) -> Result<(), Error> {
    let Prepared {
        loaded, request, ..
    } = prepared;
    let unknown = loaded.spec.unknown_args(&request.args);
    if !unknown.is_empty() {
        let names = unknown.join("`, `");
        let short = format!("Build arguments that the spec does not declare: `{names}`");
        let detail = "Declare an argument in the table `[args]` to use it as `${NAME}`";
        bridge.warn(plain(loaded, short, detail)).await?;
    }
    let strange = request.no_cache.unknown();
    if !strange.is_empty() {
        let names = strange.join("`, `");
        let short = format!("Stages in `--no-cache-filter` that there are not: `{names}`");
        let detail = format!("The stages are {}", NoCache::STAGES.join(", "));
        bridge.warn(plain(loaded, short, &detail)).await?;
    }
    if !prepared.dropped.is_empty() {
        let each: Vec<_> = prepared.dropped.iter().map(Dropped::to_string).collect();
        let short = format!("Left out: {}", each.join(", "));
        let detail = "The build goes on without";
        bridge.warn(plain(loaded, short, detail)).await?;
    }
    Ok(())
}

/// A warning that is about no lines.
fn plain(loaded: &Loaded, short: String, detail: &str) -> proto::WarnRequest {
    proto::WarnRequest {
        digest: loaded.digest.clone(),
        level: 1,
        short: short.into_bytes(),
        detail: vec![detail.as_bytes().to_vec()],
        ..proto::WarnRequest::default()
    }
}

/// What the rules find in the spec: warnings, and an error as well if the spec wants it.
pub(super) async fn lint(bridge: &Bridge, loaded: &Loaded, options: &Options) -> Result<(), Error> {
    let about = About::new(&loaded.files, &loaded.spec);
    let rules = rules(&loaded.spec, options).map_err(|problem| about.problem(problem))?;
    let warnings = lint::lint(&loaded.spec, &rules);
    for warning in &warnings {
        bridge.warn(request(loaded, warning)).await?;
    }
    if rules.error && !warnings.is_empty() {
        let problems = warnings.iter().map(lint::Warning::to_problem).collect();
        return Err(about.problems(Problems(problems)));
    }
    Ok(())
}

/// Which rules hold.
pub(super) fn rules(spec: &Spec, options: &Options) -> Result<lint::Options, Problem> {
    match options.get(CHECK) {
        Some(text) => lint::Options::parse(text)
            .map_err(|error| Problem::new(None, error.to_string()).with_hint(lint::HINT)),
        None => lint::Options::of(spec),
    }
}

/// A warning in the form that clients know from Dockerfiles.
fn request(loaded: &Loaded, warning: &lint::Warning) -> proto::WarnRequest {
    let place = place(loaded, &warning.at);
    let short = format!(
        "{}: {} (line {})",
        warning.rule, warning.message, warning.at.line
    );
    proto::WarnRequest {
        digest: loaded.digest.clone(),
        level: 1,
        short: short.into_bytes(),
        detail: vec![warning.description.as_bytes().to_vec()],
        url: warning.url.clone(),
        info: place.as_ref().map(|place| place.file.info()),
        ranges: place.iter().map(Place::range).collect(),
    }
}

fn place(loaded: &Loaded, at: &Location) -> Option<Place> {
    let file = loaded.files.get(&at.file)?;
    Some(Place {
        file: std::sync::Arc::clone(file),
        start: (at.line, at.column),
        end: (at.end_line, at.end_column),
    })
}
