//! `# check=skip=RULE,…;error=true`: what a spec says about its own check, written as in Dockerfiles.

use std::collections::BTreeSet;

use crate::report::{Location, Problem};
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

/// The keys of directives. As BuildKit reads them, the first other comment ends them.
const DIRECTIVES: [&str; 3] = ["syntax", "escape", "check"];

impl Options {
    /// What the leading comments of `spec` say.
    pub fn of(spec: &Spec) -> Result<Self, Problem> {
        let Some((line, value)) = directive(spec.text().as_str()) else {
            return Ok(Self::default());
        };
        Self::parse(value).map_err(|error| {
            let text = spec.text().as_str().lines().nth(line).unwrap_or_default();
            let number = u32::try_from(line + 1).unwrap_or(u32::MAX);
            let at = Location {
                file: spec.text().file().to_owned(),
                line: number,
                column: 0,
                end_line: number,
                end_column: u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
            };
            Problem::new(Some(at), error.to_string()).with_hint(HINT)
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

/// The value of the directive `check` and the index of its line.
fn directive(text: &str) -> Option<(usize, &str)> {
    for (index, line) in text.lines().enumerate() {
        let comment = line.trim_start_matches('\u{feff}').trim().strip_prefix('#');
        let (key, value) = comment?.split_once('=')?;
        let key = key.trim().to_lowercase();
        if key == "check" {
            return Some((index, value.trim()));
        }
        if !DIRECTIVES.contains(&&*key) {
            return None;
        }
    }
    None
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

    #[test]
    fn only_leading_directives_are_read() {
        assert_eq!(
            directive("\u{feff}# syntax=a/b:1\n#CHECK = skip=A\n"),
            Some((1, "skip=A"))
        );
        for text in ["# syntax=a\n\n# check=b", "# Hello\n# check=b", "a = 1"] {
            assert_eq!(directive(text), None, "{text}");
        }
    }
}
