//! Problems with the lines that they are about.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::lint::Warning;
use crate::report::{Location, Problem, Problems, redact};

/// All problems, each with its lines if `texts` has the file.
pub(super) fn render(problems: &Problems, texts: &BTreeMap<String, String>) -> String {
    let rendered: Vec<_> = problems
        .0
        .iter()
        .map(|problem| one(&Level::ERROR, problem, texts))
        .collect();
    rendered.join("\n\n")
}

/// All warnings in the same form.
pub(super) fn warnings(warnings: &[Warning], texts: &BTreeMap<String, String>) -> String {
    let rendered: Vec<_> = warnings
        .iter()
        .map(|warning| one(&Level::WARNING, &warning.to_problem(), texts))
        .collect();
    rendered.join("\n\n")
}

fn one(level: &Level<'_>, problem: &Problem, texts: &BTreeMap<String, String>) -> String {
    let title = level.clone().primary_title(clean(&problem.message));
    let mut group = Group::with_title(title);
    if let Some(at) = &problem.at
        && let Some(text) = texts.get(&at.file)
    {
        let span = AnnotationKind::Primary.span(span(text, at));
        let snippet = Snippet::source(redact(text))
            .path(&at.file)
            .annotation(span);
        group = group.element(snippet);
    }
    if let Some(hint) = &problem.hint {
        let hint = Level::HELP.with_name("hint").message(clean(hint));
        group = group.element(hint);
    }
    Renderer::styled().render(&[group])
}

/// The bytes that a location covers; nothing at the end of the text for one that it does not have.
fn span(text: &str, at: &Location) -> Range<usize> {
    let start = offset(text, at.line, at.column);
    start..offset(text, at.end_line, at.end_column).max(start)
}

fn offset(text: &str, line: u32, column: u32) -> usize {
    let lines = text.split_inclusive('\n');
    let before: usize = lines
        .take(line.saturating_sub(1) as usize)
        .map(str::len)
        .sum();
    let rest = text.get(before..).unwrap_or_default();
    let column = rest.char_indices().nth(column as usize);
    before + column.map_or(rest.len(), |(index, _)| index)
}

/// Without control characters, so that a file cannot speak to the terminal through our messages.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_leads_back_to_its_bytes() {
        let text = "a = 1\näö = 2\n";
        let at = Location {
            file: String::new(),
            line: 2,
            column: 1,
            end_line: 2,
            end_column: 4,
        };
        assert_eq!(&text[span(text, &at)], "ö =");
    }

    #[test]
    fn a_location_outside_the_text_is_its_end() {
        assert_eq!(offset("a", 9, 9), 1);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let problem = Problem::new(None, "Unknown key: `\u{1b}]0;x`");
        assert!(!one(&Level::ERROR, &problem, &BTreeMap::new()).contains("\u{1b}]"));
    }
}
