//! `[auth]`: hosts, and the secrets for them.

use super::Findings;
use crate::spec::types::Document;

pub(super) fn check(document: &Document, findings: &mut Findings) {
    for (host, id) in &document.auth {
        let path = ["auth", host];
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
        if host.is_empty() || !host.chars().all(plain) {
            let message = format!("Not the name of a host: `{}`", host.escape_debug());
            let hint = "Write it as addresses have it, `host.example` or `host.example:8443`, in lower case";
            findings.add_with_hint(path, message, hint);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if id.is_empty() || !id.chars().all(plain) {
            // Not repeated: whoever takes this for the place of the secret itself must not see it in a log.
            let hint = "Give the id, as in `--secret id=ID,env=VARIABLE`; the secret itself stays out of the spec";
            findings.add_with_hint(path, "Not the id of a secret", hint);
        }
    }
}
