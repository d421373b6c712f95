//! `# check=skip=RULE,…;error=true`: what a spec says about its own check, written as in Dockerfiles.

use std::collections::BTreeSet;

use super::directive::Directive;
use crate::report::Problem;
use crate::spec::Spec;

/// Which rules hold, and how strictly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    skip: Skip,
    /// Whether a warning fails the build.
    pub error: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Skip {
    #[default]
    Nothing,
    All,
    Rules(BTreeSet<String>),
}

/// A text that says nothing about a check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Not an option of a check: `{0}`")]
pub struct InvalidOption(String);

/// What to do about one.
pub const HINT: &str = "Write `skip=RULE,…` or `skip=all`, and `error=true`, with `;` between them";

impl Options {
    /// What the leading comments of `spec` say.
    pub fn of(spec: &Spec) -> Result<Self, Problem> {
        let Some(check) = Directive::find(spec.text().as_str(), "check") else {
            return Ok(Self::default());
        };
        Self::parse(check.value).map_err(|error| {
            Problem::new(Some(check.at(spec.text())), error.to_string()).with_hint(HINT)
        })
    }

    /// Reads `skip=A,B;error=true`. `experimental=` is read over: all rules here hold.
    pub fn parse(text: &str) -> Result<Self, InvalidOption> {
        let mut options = Self::default();
        for part in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            let invalid = || InvalidOption(part.chars().take(80).collect());
            let (key, value) = part.split_once('=').ok_or_else(invalid)?;
            match (key.trim(), value.trim()) {
                ("skip", "all") => options.skip = Skip::All,
                ("skip", names) => {
                    let names = names.split(',').map(|name| name.trim().to_owned());
                    options.skip = Skip::Rules(names.collect());
                }
                ("error", "true" | "1") => options.error = true,
                ("error", "false" | "0") => options.error = false,
                ("experimental", _) => {}
                _ => return Err(invalid()),
            }
        }
        Ok(options)
    }

    pub(super) fn skips(&self, rule: &str) -> bool {
        match &self.skip {
            Skip::Nothing => false,
            Skip::All => true,
            Skip::Rules(names) => names.contains(rule),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_left_out_by_name_or_all_at_once() {
        let some = Options::parse("skip=A, B;error=true").unwrap();
        assert!(some.skips("A") && some.skips("B") && !some.skips("C") && some.error);
        let all = Options::parse("skip=all").unwrap();
        assert!(all.skips("A") && !all.error);
        assert_eq!(Options::parse(""), Ok(Options::default()));
    }

    #[test]
    fn what_says_nothing_about_a_check_is_refused() {
        for text in ["skip", "skp=A", "error=perhaps"] {
            assert!(Options::parse(text).is_err(), "{text}");
        }
    }
}
