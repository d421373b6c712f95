//! The form of all answers: an empty tree with metadata.

use serde_json::Value;

use super::Call;
use crate::gateway::proto;
use crate::solve::result::Outcome;

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// For programs.
    pub(super) json: Value,
    /// For people.
    pub(super) text: String,
    /// What the client exits with, for calls that can fail.
    pub(super) status: Option<u8>,
}

impl Answer {
    /// An answer that is its data, for people too.
    pub(super) fn data(json: Value) -> Self {
        let text = format!("{json:#}\n");
        Self {
            json,
            text,
            status: None,
        }
    }

    pub(super) fn into_outcome(self, call: Call) -> Outcome {
        let mut metadata = std::collections::BTreeMap::new();
        let mut add =
            |key: &str, value: String| metadata.insert(key.to_owned(), value.into_bytes());
        add("result.json", format!("{:#}", self.json));
        add("result.txt", self.text);
        add("version", call.version().to_owned());
        if let Some(status) = self.status {
            add("result.statuscode", status.to_string());
        }
        Outcome {
            result: proto::result::Result::Ref(proto::Ref::default()),
            metadata,
            attestations: std::collections::BTreeMap::new(),
        }
    }
}
