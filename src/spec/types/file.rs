//! `[[files]]`: further files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Source;

/// One further file: its bytes come from exactly one of `source` and `content`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where it goes, relative to the volume.
    pub path: String,
    /// Its permission bits in octal, such as `0755`.
    #[serde(default = "default_mode")]
    pub mode: String,
    /// Where its bytes come from.
    pub source: Option<Source>,
    /// Its text.
    pub content: Option<String>,
}

fn default_mode() -> String {
    "0644".to_owned()
}

impl File {
    /// The name of its input, by which the command line can replace it: `file-share-motd`.
    pub fn input_name(&self) -> String {
        format!("file-{}", self.path.replace('/', "-"))
    }

    /// The permission bits; `None` for what is no mode.
    pub fn mode_bits(&self) -> Option<u32> {
        let digits = self.mode.strip_prefix("0o").unwrap_or(&self.mode);
        let octal = !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
        let bits = octal.then(|| u32::from_str_radix(digits, 8).ok()).flatten();
        bits.filter(|bits| *bits <= 0o777)
    }
}
