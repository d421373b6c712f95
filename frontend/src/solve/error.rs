//! Errors of a build, and what of them goes to the engine.

use std::sync::Arc;

use krunner::report::{Location, Problem, Problems};
use krunner::spec::Spec;

use super::Files;
use crate::gateway::{self, Code, rpc, source_detail, subrequest_detail};
use crate::llb::{Place, SourceFile};
use crate::lower;

/// A build that did not work out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to the engine failed.
    #[error(transparent)]
    Gateway(#[from] gateway::Error),
    /// The engine failed at what some lines asked for, and did not say so itself.
    #[error("{error}")]
    Traced {
        /// What it said.
        error: gateway::Error,
        /// The lines.
        places: Vec<Place>,
    },
    /// What the user wrote is wrong.
    #[error("{problems}")]
    Problems {
        /// What.
        problems: Problems,
        /// Where, to be quoted.
        places: Vec<Place>,
    },
    /// Something other than a build was asked for.
    #[error("unsupported request {0}")]
    UnknownRequest(String),
    /// There is no spec.
    #[error("No spec in the build context: `{0}`\n  hint: name it with `-f krunner.toml`")]
    NoSpec(String),
    /// A file that must be text is none.
    #[error("Not UTF-8 text: `{0}`")]
    NotText(String),
    /// Lowering failed where no spec is to blame.
    #[error(transparent)]
    Lower(#[from] lower::Error),
    /// The engine did not say what image this frontend runs from.
    #[error(
        "The engine does not say which image this frontend runs from\n  hint: name it in the first line of \
             the spec, `# syntax=IMAGE`, or with `--build-arg BUILDKIT_SYNTAX=IMAGE`"
    )]
    NoImage,
    /// A step of ours wrote what we cannot read.
    #[error("The bill of materials cannot be read: {0}")]
    Document(String),
    /// The definition of our image is broken.
    #[error("The definition of the frontend's own image cannot be used: {0}")]
    Image(String),
}

/// What is wrong with an option that counts before there is a spec to quote.
impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problems {
            problems: problem.into(),
            places: Vec::new(),
        }
    }
}

impl Error {
    /// The error as it is returned to the engine.
    pub fn to_status(&self) -> rpc::Status {
        let details = match self {
            Self::Gateway(error) => return error.to_status(),
            Self::Traced { error, places } => {
                let mut status = error.to_status();
                status.details.extend(places.iter().map(source_detail));
                return status;
            }
            Self::Problems { places, .. } => places.iter().map(source_detail).collect(),
            Self::UnknownRequest(name) => vec![subrequest_detail(name)],
            _ => Vec::new(),
        };
        let code = match self {
            Self::UnknownRequest(_) => Code::Unimplemented,
            Self::NoSpec(_) => Code::NotFound,
            Self::NoImage | Self::Image(_) | Self::Document(_) => Code::Internal,
            _ => Code::InvalidArgument,
        };
        gateway::status(code, self.to_string(), details)
    }
}

/// What problems are about: the files to quote, and the line for what stands nowhere.
#[derive(Debug)]
pub(super) struct About<'a> {
    files: &'a Files,
    volume: Option<Location>,
}

impl<'a> About<'a> {
    pub(super) fn new(files: &'a Files, spec: &Spec) -> Self {
        Self {
            files,
            volume: Some(spec.at_key(["volume"])),
        }
    }

    /// Before the spec could be read.
    pub(super) fn files(files: &'a Files) -> Self {
        Self {
            files,
            volume: None,
        }
    }

    pub(super) fn problems(&self, problems: Problems) -> Error {
        let mut places: Vec<Place> = Vec::new();
        for problem in &problems.0 {
            // Without any place, clients quote the first line, which has nothing to do with it.
            let at = problem.at.as_ref().or(self.volume.as_ref());
            places.extend(at.and_then(|at| self.place(at)));
        }
        Error::Problems { problems, places }
    }

    pub(super) fn problem(&self, problem: Problem) -> Error {
        self.problems(Problems(vec![problem]))
    }

    pub(super) fn lowering(&self, error: &lower::Error) -> Error {
        let text = error.to_string();
        let (message, hint) = match text.split_once("\n  hint: ") {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (text, None),
        };
        self.problem(Problem {
            at: None,
            message,
            hint,
        })
    }

    fn place(&self, at: &Location) -> Option<Place> {
        let file: &Arc<SourceFile> = self.files.get(&at.file)?;
        Some(Place {
            file: Arc::clone(file),
            start: (at.line, at.column),
            end: (at.end_line, at.end_column),
        })
    }
}
