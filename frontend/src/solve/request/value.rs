//! Values of options: the forms that several of them share, and what is said when a value has another one.

use krunner::report::Problem;

/// An option whose value cannot be.
pub(in crate::solve) fn wrong(option: &str, value: &str, hint: impl Into<String>) -> Problem {
    let message = format!("Not a value of the option `{option}`: `{value}`");
    Problem::new(None, message).with_hint(hint)
}

/// A truth value, in the forms that BuildKit takes.
pub(in crate::solve) fn boolean(option: &str, value: &str) -> Result<bool, Problem> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" => Ok(true),
        "0" | "f" | "false" => Ok(false),
        _ => Err(wrong(option, value, "Give `true` or `false`")),
    }
}

/// The fields of one line of comma-separated values, each possibly in quotation marks.
pub(super) fn fields(option: &str, value: &str) -> Result<Vec<String>, Problem> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(value.as_bytes());
    let line = reader.records().next().transpose();
    let line = line.map_err(|_| wrong(option, value, "Separate its parts by commas"))?;
    let fields = line.iter().flat_map(|line| line.iter().map(str::to_owned));
    Ok(fields.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truth_value_has_six_forms() {
        for (text, value) in [("1", true), ("True", true), ("f", false), ("FALSE", false)] {
            assert_eq!(boolean("multi-platform", text), Ok(value));
        }
        let problem = boolean("multi-platform", "yes").unwrap_err();
        assert_eq!(
            problem.message,
            "Not a value of the option `multi-platform`: `yes`"
        );
    }

    #[test]
    fn a_field_in_quotation_marks_may_hold_commas() {
        let found = fields("ulimit", r#"a=1,"b=1,2""#).unwrap();
        assert_eq!(found, ["a=1", "b=1,2"]);
        assert!(fields("ulimit", "").unwrap().is_empty());
    }
}
