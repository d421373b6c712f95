//! Lint: what is allowed in a spec, and yet probably not what its maintainer wants.
//!
//! Every rule is a value with a name, one sentence, and a function that finds; `docs/lint` has a page for each. A rule speaks only of what it can know from the spec alone, so that what it says is true.
//! `# check=` in the leading comments of a spec leaves rules out, or makes warnings errors.

mod directive;
mod options;
mod rule;
mod rules;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::report::{Location, Problem};
use crate::spec::Spec;

pub use options::{HINT, InvalidOption, Options};
pub use rule::Rule;

/// One thing that a rule found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Warning {
    /// Where.
    pub at: Location,
    /// The rule's name, such as `UnusedArgument`.
    pub rule: &'static str,
    /// What, with the values that it is about.
    pub message: String,
    /// The rule in one sentence.
    pub description: &'static str,
    /// Where the rule is explained.
    pub url: String,
}

/// All rules, sorted by name.
pub fn rules() -> &'static [Rule] {
    &rules::ALL
}

/// What the rules find in `spec`, in the order of the file.
pub fn lint(spec: &Spec, options: &Options) -> Vec<Warning> {
    let rules = rules().iter().filter(|rule| !options.skips(rule.name));
    let mut warnings: Vec<_> = rules.flat_map(|rule| rule.run(spec)).collect();
    warnings.sort();
    warnings
}

impl Warning {
    /// The warning as a problem, for specs that ask for errors.
    pub fn to_problem(&self) -> Problem {
        Problem::new(
            Some(self.at.clone()),
            format!("{}: {}", self.rule, self.message),
        )
        .with_hint(format!(
            "{}; see {}, or leave the rule out with `# check=skip={}`",
            self.description, self.url, self.rule
        ))
    }
}
