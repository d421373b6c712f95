//! Lines of a file around a place, as BuildKit's clients quote them.

use std::fmt::Write as _;

use krunner::report::redact;

use crate::llb::SourceFile;

/// How many lines are added to a place, on both sides together.
const AROUND: usize = 4;

/// The lines `first` to `last` of `file`, marked, and some around them.
pub(super) fn excerpt(file: &SourceFile, first: u32, last: u32) -> String {
    let text = redact(&String::from_utf8_lossy(&file.data));
    let lines: Vec<&str> = text.split('\n').collect();
    let (first, last) = (first as usize, last.max(first) as usize);
    if first < 1 || first > lines.len() {
        return String::new();
    }
    let last = last.min(lines.len());
    let half = AROUND / 2;
    let shown = first.saturating_sub(half).max(1)..=(last + half).min(lines.len());
    let rule = "-".repeat(20);
    let mut excerpt = format!("{}:{first}\n{rule}\n", file.name);
    for number in shown {
        let mark = if (first..=last).contains(&number) {
            ">>>"
        } else {
            "   "
        };
        let line = lines.get(number - 1).unwrap_or(&"");
        let _ = writeln!(excerpt, " {number:3} | {mark} {line}");
    }
    excerpt + &rule + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_place_are_marked() {
        let file = SourceFile {
            name: "a.toml".to_owned(),
            data: b"a\nb\nc\nd\n".to_vec(),
            definition: None,
        };
        let rule = "--------------------\n";
        let marked = "   1 |     a\n   2 | >>> b\n   3 |     c\n   4 |     d\n";
        assert_eq!(
            excerpt(&file, 2, 2),
            format!("a.toml:2\n{rule}{marked}{rule}")
        );
        assert_eq!(excerpt(&file, 9, 9), "");
    }
}
