//! What can be wrong between a plan and its operations.

use krunner::platform::Platform;

use super::GitAddressError;
use crate::llb::GraftError;

/// A plan that cannot be lowered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan has no such stage.
    #[error(
        "The spec has no stage `{0}`\n  hint: add a table `[{0}]`, or build without `--target {0}`"
    )]
    NoStage(&'static str),
    /// The lock has no package for the platform, so there is nothing to show.
    #[error(
        "The lock has no package for `{0}`\n  hint: lock a package, or build without `--target wheels`"
    )]
    NoPackages(Platform),
    /// A plan speaks of a context that nobody gave.
    #[error(
        "There is no build context of this name: `{0}`\n  hint: add `--build-context {0}=FOLDER`"
    )]
    NoContext(String),
    /// A value of `--build-context` that we do not understand.
    #[error(
        "Build context `{name}` has a form that is not known: `{value}`\n  hint: give a folder, `docker-image://…`, \
         `oci-layout://STORE@sha256:…`, `http(s)://…`, or a Git repository"
    )]
    ContextForm {
        /// The context.
        name: String,
        /// What was given.
        value: String,
    },
    /// A value of `--build-context` that leads to no repository.
    #[error("Build context `{name}` is no address of a Git repository: {source}")]
    GitAddress {
        /// The context.
        name: String,
        /// Why.
        #[source]
        source: GitAddressError,
    },
    /// A graph given as context is broken.
    #[error("Build context `{name}` cannot be used: {source}")]
    Graft {
        /// The context.
        name: String,
        /// Why.
        #[source]
        source: GraftError,
    },
    /// Not the name of an image.
    #[error("Not the name of an image: `{0}`")]
    ImageName(String),
    /// A step could not be written down.
    #[error("A step cannot be written as JSON")]
    Step(#[from] serde_json::Error),
}
