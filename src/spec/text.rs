//! A file's text, and the lines and columns of byte ranges in it.

use std::ops::Range;

use crate::report::{Location, Problem, Problems};

/// A file that the user wrote: its name and what it says.
#[derive(Clone, Debug)]
pub struct Text {
    file: String,
    content: String,
    /// Byte offsets at which lines begin.
    starts: Vec<usize>,
}

impl Text {
    /// Takes the text of `file`, unless it has more than `limit` bytes.
    pub fn new(file: &str, text: &str, limit: usize) -> Result<Self, Problems> {
        if text.len() > limit {
            let message = format!(
                "`{file}` is too large: {} bytes, where at most {limit} are read",
                text.len()
            );
            return Err(Problem::new(None, message).into());
        }
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(index, _)| index + 1))
            .collect();
        Ok(Self {
            file: file.to_owned(),
            content: text.to_owned(),
            starts,
        })
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The file's text.
    pub fn as_str(&self) -> &str {
        &self.content
    }

    /// The lines and columns of a byte range. A range that the text does not have is cut to fit.
    pub fn locate(&self, range: Range<usize>) -> Location {
        let (line, column) = self.position(range.start);
        let (end_line, end_column) = self.position(range.end.max(range.start));
        Location {
            file: self.file.clone(),
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// A syntax error of the TOML reader as a problem.
    pub(super) fn syntax(&self, error: &toml::de::Error) -> Problems {
        let at = error.span().map(|span| self.locate(span));
        let message = format!("Not valid TOML: {}", error.message().replace('\n', ", "));
        Problem::new(at, message).into()
    }

    fn position(&self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.content.len());
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|index| self.starts.get(index))
            .copied()
            .unwrap_or_default();
        // From the line's start, so that a long file does not make every look-up long.
        let rest = self.content.get(start..).unwrap_or_default();
        let column = rest
            .char_indices()
            .take_while(|&(index, _)| start + index < offset)
            .count();
        (count(line), count(column))
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        let text = Text::new("a.toml", "a = 1\näö = 2\n", 100).unwrap();
        let start = text.as_str().find("= 2").unwrap();
        let at = text.locate(start..start + 3);
        assert_eq!(at.to_string(), "a.toml:2:4");
        assert_eq!((at.column, at.end_column), (3, 6));
    }

    #[test]
    fn a_range_outside_the_text_is_cut() {
        let text = Text::new("a.toml", "ä", 100).unwrap();
        assert_eq!(text.locate(1..99).line, 1);
    }

    #[test]
    fn a_text_over_the_limit_is_refused() {
        let error = Text::new("a.toml", "abc", 2).unwrap_err();
        assert!(error.to_string().contains("`a.toml` is too large"));
    }
}
