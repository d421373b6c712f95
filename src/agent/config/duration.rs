//! Times as people write them: `30s`, `5m`, `1h30m`, `2d`.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// Ten years: more than anybody means, and far from where arithmetic ends.
const MAX: u64 = 10 * 366 * 24 * 3600;

/// Reads one or more numbers with their units, the largest unit first.
pub(super) fn parse(text: &str) -> Option<Duration> {
    const UNITS: [(char, u64); 4] = [('d', 24 * 3600), ('h', 3600), ('m', 60), ('s', 1)];
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut total = 0u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let letter = rest[digits..].chars().next()?;
        // A unit that was passed over does not come again, so nothing is written in two ways.
        let (_, seconds) = units.find(|(unit, _)| *unit == letter)?;
        total = total.checked_add(number.checked_mul(*seconds)?)?;
        rest = &rest[digits + 1..];
    }
    (!text.is_empty() && total <= MAX).then(|| Duration::from_secs(total))
}

/// For serde: a time that a user wrote.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map(Some).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "not a time such as `30s`, `5m`, `1h30m` or `2d`: `{text}`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;

    #[test]
    fn times_are_read_and_what_is_none_is_not() {
        for (text, seconds) in [
            ("0s", 0),
            ("90s", 90),
            ("5m", 300),
            ("1h30m", 5400),
            ("2d", 172_800),
        ] {
            assert_eq!(parse(text).map(|time| time.as_secs()), Some(seconds));
        }
        for text in [
            "",
            "5",
            "m",
            "5 m",
            "-1s",
            "1.5h",
            "30m1h",
            "1s1s",
            "99999999999999999999s",
            "4000d",
            "５m",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in ".{0,12}") {
            let _ = parse(&text);
        }
    }
}
