//! Our own program, by which every step is run.

use std::path::Path;

use krunner::platform::Platform;
use prost::Message as _;

use super::{Error, FRONTEND_DEFINITION};
use crate::gateway::Options;
use crate::llb::{self, Meta, Output, pb};
use crate::lower::{BINARY, Contexts, full_name, pb_platform};

/// A tree with nothing but the program.
///
/// It is copied out of the image, so that what steps depend on is its content, not where it was pulled from. And the
/// image itself is no good key: the engine has made it before it knows where this build imports its cache from, and
/// BuildKit up to 0.25 then finds nothing there of what depends on it.
pub(super) fn program(
    options: &Options,
    contexts: &Contexts,
    platform: Platform,
) -> Result<Output, Error> {
    let image = image(options, contexts, platform)?;
    let meta = Meta::named("[internal] take krunner out of its image");
    Ok(llb::pick(&image, &[BINARY.to_owned()], meta))
}

/// The image: as the engine describes it, which needs no look-up and is exactly what runs here, or,
/// before 0.10, by the name that the engine was asked for.
fn image(options: &Options, contexts: &Contexts, platform: Platform) -> Result<Output, Error> {
    if let Some(definition) = own_definition(Path::new(FRONTEND_DEFINITION))? {
        return llb::graft(&definition).map_err(|error| Error::Image(error.to_string()));
    }
    let name = options.get("source").ok_or(Error::NoImage)?;
    let meta = Meta::named("[internal] load krunner's frontend");
    Ok(llb::image(
        &full_name(name)?,
        pb_platform(platform),
        contexts.resolve_mode.as_deref(),
        meta,
    ))
}

fn own_definition(path: &Path) -> Result<Option<pb::Definition>, Error> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| Error::Image(error.to_string()))?,
    };
    let definition = pb::Definition::decode(bytes.as_slice());
    definition
        .map(Some)
        .map_err(|error| Error::Image(error.to_string()))
}
