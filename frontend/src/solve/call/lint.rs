//! `frontend.lint`: everything that is wrong, and everything that is probably not meant.

use std::fmt::Write as _;

use krunner::lint::{Warning, lint};
use krunner::plan;
use krunner::report::Problems;
use serde_json::{Value, json};

use super::answer::Answer;
use super::excerpt::excerpt;
use super::sources::Sources;
use crate::gateway::Options;
use crate::llb::Place;
use crate::solve::error::About;
use crate::solve::load::Loaded;
use crate::solve::{Error, Files, warn};

/// The answer for a spec, or for one that could not be read.
pub(super) fn answer(loaded: Result<Loaded, Error>, options: &Options) -> Result<Answer, Error> {
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(Error::Problems { problems, places }) => {
            return failed(&problems, &places, Report::default());
        }
        Err(other) => return Err(other),
    };
    let about = About::new(&loaded.files, &loaded.spec);
    let rules = warn::rules(&loaded.spec, options).map_err(|problem| about.problem(problem))?;
    let mut report = Report::default();
    for warning in lint(&loaded.spec, &rules) {
        report.add(&warning, &loaded.files);
    }
    match plan::check(&loaded.spec, &loaded.locks) {
        Ok(()) => Ok(report.answer(None, "")),
        Err(found) => match about.problems(found) {
            Error::Problems { problems, places } => failed(&problems, &places, report),
            other => Err(other),
        },
    }
}

/// Clients quote the lines of what is wrong, so that there must be some; else it is an error as any other.
fn failed(problems: &Problems, places: &[Place], mut report: Report) -> Result<Answer, Error> {
    let Some(location) = report.sources.places(places) else {
        return Err(Error::Problems {
            problems: problems.clone(),
            places: places.to_vec(),
        });
    };
    let message = problems.to_string();
    let first = places.first();
    let quoted = first.map(|place| excerpt(&place.file, place.start.0, place.end.0));
    let text = format!("{message}\n{}", quoted.unwrap_or_default());
    let error = json!({ "message": message, "location": location });
    Ok(report.answer(Some(error), &text))
}

#[derive(Debug, Default)]
struct Report {
    warnings: Vec<Value>,
    sources: Sources,
    text: String,
}

impl Report {
    fn add(&mut self, warning: &Warning, files: &Files) {
        self.warnings.push(json!({
            "ruleName": warning.rule,
            "description": warning.description,
            "url": warning.url,
            "detail": warning.message,
            "location": self.sources.location(&warning.at, files),
        }));
        let at = &warning.at;
        let quoted = files.get(&at.file);
        let quoted = quoted.map(|file| excerpt(file, at.line, at.end_line));
        let _ = write!(
            self.text,
            "\nWARNING: {} - {}\n{}\n{}",
            warning.rule,
            warning.url,
            warning.message,
            quoted.unwrap_or_default()
        );
    }

    fn answer(self, error: Option<Value>, text: &str) -> Answer {
        let status = u8::from(error.is_some() || !self.warnings.is_empty());
        let mut json = json!({ "warnings": self.warnings, "sources": self.sources.infos() });
        if let Some(error) = error {
            json["buildError"] = error;
        }
        Answer {
            json,
            text: self.text + text,
            status: Some(status),
        }
    }
}
