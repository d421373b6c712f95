//! Directives: the leading comments `# KEY=VALUE` that engines read before they know what a file is.

use crate::report::Location;
use crate::spec::Text;

/// The keys of directives. As BuildKit reads them, the first other comment ends them.
const KEYS: [&str; 3] = ["syntax", "escape", "check"];

/// One directive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directive<'a> {
    /// What it says.
    pub(super) value: &'a str,
    /// The line, from 0.
    line: usize,
}

impl<'a> Directive<'a> {
    /// The directive of this key, if a text begins with it.
    pub(super) fn find(text: &'a str, wanted: &str) -> Option<Self> {
        for (line, text) in text.lines().enumerate() {
            let comment = text.trim_start_matches('\u{feff}').trim().strip_prefix('#');
            let (key, value) = comment?.split_once('=')?;
            let key = key.trim().to_lowercase();
            if key == wanted {
                let value = value.trim();
                return Some(Self { value, line });
            }
            if !KEYS.contains(&&*key) {
                return None;
            }
        }
        None
    }

    /// Its line.
    pub(super) fn at(&self, text: &Text) -> Location {
        let line = text.as_str().lines().nth(self.line).unwrap_or_default();
        let number = u32::try_from(self.line + 1).unwrap_or(u32::MAX);
        Location {
            file: text.file().to_owned(),
            line: number,
            column: 0,
            end_line: number,
            end_column: u32::try_from(line.chars().count()).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_leading_directives_are_read() {
        let check = |text| Directive::find(text, "check").map(|found| (found.line, found.value));
        let text = "\u{feff}# syntax=a/b:1\n#CHECK = skip=A\n";
        assert_eq!(check(text), Some((1, "skip=A")));
        for text in ["# syntax=a\n\n# check=b", "# Hello\n# check=b", "a = 1"] {
            assert_eq!(check(text), None, "{text}");
        }
    }
}
