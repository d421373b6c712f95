//! What registries want the user to be told: their `Warning` headers.
//!
//! The distribution specification has them from HTTP's caches: code 299, no agent, a quoted text. Nothing is done about them but
//! to show each once; they come from outside, and so are short and few and move no cursor.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use reqwest::header::{HeaderMap, WARNING};

use crate::report::redact;

/// As much as a registry may send with one answer, by the specification.
const MOST_BYTES: usize = 4096;
/// What fits on a few lines.
const LONGEST: usize = 500;
/// Whoever has more to say than this says the same in ever new words.
const MOST: usize = 16;
/// What a warning of a registry begins with.
const START: &str = "299 - \"";

/// What registries said, each sentence once. Shared by all places of a process.
#[derive(Debug, Default)]
pub struct Warnings(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    known: BTreeSet<String>,
    fresh: Vec<String>,
}

impl Warnings {
    /// What was said since this was last asked, in that order: `REGISTRY` in backticks and its text, fit to be shown.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.heard().fresh)
    }

    /// Notes what a registry's answer says. What repeats one of our secrets is left out.
    pub(super) fn hear(&self, registry: &str, headers: &HeaderMap, secrets: &[String]) {
        for text in texts(headers) {
            if secrets.iter().any(|secret| text.contains(secret.as_str())) {
                continue;
            }
            let said = format!("`{registry}` says: {}", fit(&text));
            let mut heard = self.heard();
            if heard.known.len() < MOST && heard.known.insert(said.clone()) {
                heard.fresh.push(said);
            }
        }
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The texts of all warnings of an answer, as they were sent.
fn texts(headers: &HeaderMap) -> Vec<String> {
    let mut texts = Vec::new();
    let mut bytes = 0;
    for value in headers.get_all(WARNING) {
        bytes += value.len();
        if bytes > MOST_BYTES {
            break;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        let mut rest = value.as_ref();
        while let Some(quoted) = rest
            .trim_start_matches([' ', '\t', ','])
            .strip_prefix(START)
        {
            let Some((text, after)) = unquote(quoted) else {
                break;
            };
            texts.push(text);
            rest = after;
        }
    }
    texts
}

/// The text up to the closing quote, and what comes after it.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((text, &quoted[at + 1..])),
            '\\' => text.push(letters.next()?.1),
            letter => text.push(letter),
        }
    }
    None
}

/// One line of bounded length, without passwords in addresses, and without what would move a cursor or turn the writing.
fn fit(text: &str) -> String {
    let moves = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let shown = redact(text);
    let letters = shown.chars().map(|c| if moves(c) { '\u{fffd}' } else { c });
    let mut line: String = letters.clone().take(LONGEST).collect();
    if letters.count() > LONGEST {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    fn heard(values: &[&[u8]]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WARNING, HeaderValue::from_bytes(value).unwrap());
        }
        let warnings = Warnings::default();
        warnings.hear("r", &headers, &["s3cret".to_owned()]);
        warnings.hear("r", &headers, &[]);
        let first = warnings.take();
        assert!(warnings.take().is_empty());
        first
    }

    #[test]
    fn every_text_is_said_once() {
        let said = heard(&[
            b"299 - \"One, \\\"quoted\\\" \\\\.\", 299 - \"Two\"",
            b"299 - \"Two\"",
        ]);
        assert_eq!(said, [r#"`r` says: One, "quoted" \."#, "`r` says: Two"]);
    }

    #[test]
    fn what_is_no_warning_of_a_registry_is_not_said() {
        for value in [
            &b"110 - \"Response is Stale\""[..],
            b"299 proxy \"Two\"",
            b"299 - never quoted",
            b"299 - \"never closed",
            b"299 - \"closed by a backslash\\",
            b"",
        ] {
            assert!(heard(&[value]).is_empty());
        }
    }

    #[test]
    fn nothing_is_said_that_moves_a_cursor_or_shows_a_password() {
        let value = "299 - \"a\tb\u{202e}c https://me:pw@h/\"";
        let said = heard(&[value.as_bytes()]);
        assert_eq!(said, ["`r` says: a\u{fffd}b\u{fffd}c https://*****@h/"]);
        let mut headers = HeaderMap::new();
        headers.append(WARNING, HeaderValue::from_static("299 - \"so s3cret\""));
        let warnings = Warnings::default();
        warnings.hear("r", &headers, &["s3cret".to_owned()]);
        assert!(warnings.take().is_empty());
    }

    #[test]
    fn much_is_cut_short() {
        let long = format!("299 - \"{}\"", "x".repeat(3000));
        let said = heard(&[long.as_bytes()]);
        assert!(said[0].chars().count() < LONGEST + 20 && said[0].ends_with('…'));
        // More than the specification allows.
        assert_eq!(
            heard(&[long.as_bytes(), b"299 - \"y\"", long.as_bytes()]).len(),
            2
        );
        let warnings = Warnings::default();
        for number in 0..100 {
            let mut headers = HeaderMap::new();
            let text = format!("299 - \"{number}\"");
            headers.append(WARNING, HeaderValue::from_str(&text).unwrap());
            warnings.hear("r", &headers, &[]);
        }
        assert_eq!(warnings.take().len(), MOST);
    }

    proptest! {
        #[test]
        fn any_header_is_read_to_lines(bytes in prop::collection::vec(32u8.., 0..200)) {
            let value = [START.as_bytes(), &bytes].concat();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::new();
                headers.append(WARNING, value);
                let warnings = Warnings::default();
                warnings.hear("r", &headers, &[]);
                prop_assert!(warnings.take().iter().all(|line| !line.contains(char::is_control)));
            }
        }
    }
}
