//! What a rule is.

use super::Warning;
use super::directive::Directive;
use crate::report::Location;
use crate::spec::{KeyPath, Spec};

/// The folder of the pages that explain the rules.
const PAGES: &str = "docs/lint";

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name, as `skip=` takes it.
    pub name: &'static str,
    /// What it wants, in one sentence without a full stop.
    pub description: &'static str,
    pub(super) find: fn(&Document<'_>) -> Vec<Finding>,
}

/// What rules look at: the spec, with places at hand.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) spec: &'a Spec,
}

/// One place that a rule does not like.
#[derive(Debug)]
pub(super) struct Finding {
    at: Location,
    message: String,
}

impl Rule {
    /// Where the rule is explained.
    pub fn url(&self) -> String {
        format!("{PAGES}/{}.md", self.name)
    }

    pub(super) fn run(&self, spec: &Spec) -> impl Iterator<Item = Warning> {
        let findings = (self.find)(&Document { spec });
        findings.into_iter().map(|finding| Warning {
            at: finding.at,
            rule: self.name,
            message: finding.message,
            description: self.description,
            url: self.url(),
        })
    }
}

impl Document<'_> {
    /// A finding about the value at `path`.
    pub(super) fn value(&self, path: impl Into<KeyPath>, message: String) -> Finding {
        let at = self.spec.at(path);
        Finding { at, message }
    }

    /// A finding about the last key of `path`.
    pub(super) fn key(&self, path: impl Into<KeyPath>, message: String) -> Finding {
        let at = self.spec.at_key(path);
        Finding { at, message }
    }

    /// A finding about a directive's line.
    pub(super) fn line(&self, directive: &Directive<'_>, message: String) -> Finding {
        let at = directive.at(self.spec.text());
        Finding { at, message }
    }
}
