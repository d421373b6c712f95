//! Tables as BuildKit's clients print them.

/// The rows with all columns but the last as wide as their widest cell, and `gap` blanks between.
pub(super) fn table<const N: usize>(rows: &[[&str; N]], gap: usize) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
            text.push_str(cell);
            if index + 1 < N {
                let blanks = width + gap - cell.chars().count();
                text.push_str(&" ".repeat(blanks));
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["ä", "b", "c"], ["aaa", "", "cc"]];
        assert_eq!(table(&rows, 1), "ä   b c\naaa   cc\n");
    }
}
