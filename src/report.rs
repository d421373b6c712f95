//! What is wrong with what the user gave us: a message, where it stands, and what to do.
//!
//! Parsers and planners collect problems and go on, so that one run shows them all.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A range in a file that the user wrote. Lines count from 1, columns (in characters) from 0, and the end
/// is exclusive, as in BuildKit's `pb.Range`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The file's name as the user knows it, such as `krunner.toml`.
    pub file: String,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column after the last character.
    pub end_column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column + 1)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Where, if it stands somewhere.
    pub at: Option<Location>,
    /// What: sentence case, the offending value in backticks, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(at: Option<Location>, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            hint: None,
        }
    }

    /// The same problem with what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Everything that is wrong, in the order of the file. Never empty when it is returned as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// `Ok(value)` if nothing is wrong, else all problems, sorted by place and without repetitions.
    pub fn into_result<T>(mut self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort();
        self.0.dedup();
        Err(self)
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            if let Some(at) = &problem.at {
                write!(f, "{at}: ")?;
            }
            write!(f, "{}", problem.message)?;
            if let Some(hint) = &problem.hint {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// `text` with every user and password in an address (`https://user:password@host`) starred out, one star a
/// byte, so that places in it stay where they are.
///
/// Whoever shows a user's lines shows them through this.
pub fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(index) = rest.find("://") {
        let (before, after) = rest.split_at(index + "://".len());
        shown.push_str(before);
        let ends = |c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace();
        let authority = &after[..after.find(ends).unwrap_or(after.len())];
        let secret = authority.rfind('@').unwrap_or(0);
        shown.push_str(&"*".repeat(secret));
        rest = &after[secret..];
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses_are_starred_out_in_place() {
        let text = "a = \"https://me:s@cret@a.example/x@y\"\nb = \"http://b.example/@\"";
        let shown = redact(text);
        assert_eq!(shown.len(), text.len());
        assert_eq!(
            shown,
            "a = \"https://*********@a.example/x@y\"\nb = \"http://b.example/@\""
        );
    }

    #[test]
    fn problems_come_sorted_and_once() {
        let at = |line| Location {
            file: "a".to_owned(),
            line,
            column: 0,
            end_line: line,
            end_column: 1,
        };
        let problems = [2, 1, 2].map(|line| Problem::new(Some(at(line)), "Wrong"));
        let problems = Problems(problems.into()).into_result(()).unwrap_err();
        assert_eq!(problems.to_string(), "a:1:1: Wrong\na:2:1: Wrong");
    }
}
