//! Licence expressions: SPDX identifiers joined by `AND`, `OR` and `WITH`.

use spdx::identifiers::{EXCEPTIONS, LICENSES};
use spdx::{Expression, ParseMode};

/// The longest expression that is read.
const LONGEST: usize = 8 << 10;
/// What the list of SPDX has, with the identifiers that it had once.
const MODE: ParseMode = ParseMode {
    allow_deprecated: true,
    allow_postfix_plus_on_gpl: true,
    ..ParseMode::STRICT
};

/// An expression with every identifier in the case of SPDX's list. None for what is no expression, and for one that
/// refers to a text which only its author's document has.
pub fn expression(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let text = canonical(text)?;
    Expression::parse_mode(&text, MODE).ok()?;
    Some(text)
}

/// The words, each as SPDX writes it, one blank between them.
fn canonical(text: &str) -> Option<String> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut out = String::with_capacity(text.len());
    let mut after_exception = false;
    for word in spaced.split_ascii_whitespace() {
        let upper = word.to_ascii_uppercase();
        let known = match upper.as_str() {
            "(" | ")" => word.to_owned(),
            "AND" | "OR" | "WITH" => upper.clone(),
            _ if after_exception => exception(word)?.to_owned(),
            _ => licence(word)?,
        };
        after_exception = upper == "WITH";
        if !out.is_empty() && !out.ends_with('(') && known != ")" {
            out.push(' ');
        }
        out.push_str(&known);
    }
    Some(out)
}

fn licence(word: &str) -> Option<String> {
    let listed = |word: &str| {
        let found = LICENSES
            .iter()
            .find(|licence| licence.name.eq_ignore_ascii_case(word));
        found.map(|licence| licence.name.to_owned())
    };
    // `GPL-2.0+` is an identifier of its own, and `Apache-2.0+` is one with an operator.
    listed(word).or_else(|| Some(listed(word.strip_suffix('+')?)? + "+"))
}

fn exception(word: &str) -> Option<&'static str> {
    let found = EXCEPTIONS
        .iter()
        .find(|exception| exception.name.eq_ignore_ascii_case(word));
    found.map(|exception| exception.name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_expression_is_written_as_spdx_writes_it() {
        for (text, expected) in [
            ("MIT", "MIT"),
            ("mit and  apache-2.0", "MIT AND Apache-2.0"),
            (
                "(mit OR bsd-3-clause)and ISC",
                "(MIT OR BSD-3-Clause) AND ISC",
            ),
            (
                "gpl-3.0-or-later with gcc-exception-3.1",
                "GPL-3.0-or-later WITH GCC-exception-3.1",
            ),
            ("apache-2.0+", "Apache-2.0+"),
        ] {
            assert_eq!(expression(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_none() {
        for text in [
            "",
            "BSD",
            "MIT License",
            "MIT AND",
            "(MIT",
            "MIT OR (",
            "AND MIT",
            "MIT ISC",
            "LicenseRef-mine",
            "MIT WITH MIT",
            "MIT/Apache-2.0",
        ] {
            assert_eq!(expression(text), None, "{text}");
        }
        assert_eq!(expression(&"MIT OR ".repeat(2000)), None);
    }

    proptest! {
        #[test]
        fn whatever_the_text_an_expression_reads_as_itself(text in "\\PC{0,60}") {
            if let Some(read) = expression(&text) {
                prop_assert_eq!(expression(&read), Some(read));
            }
        }

        #[test]
        fn words_in_any_order_are_an_expression_that_spdx_takes_or_none(
            words in prop::collection::vec(
                prop::sample::select(vec!["mit", "GPL-2.0+", "AND", "or", "WITH", "(", ")", "Classpath-exception-2.0", "LicenseRef-a", "x"]),
                0..12,
            )
        ) {
            if let Some(read) = expression(&words.join(" ")) {
                prop_assert!(spdx::Expression::parse_mode(&read, MODE).is_ok());
                prop_assert!(!read.contains("Ref-"));
                prop_assert_eq!(expression(&read), Some(read));
            }
        }
    }
}
