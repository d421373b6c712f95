//! Records: what a stand-in was asked and told, and how the frontend ended.

use std::process::ExitStatus;
use std::time::Duration;

use bollard_buildkit_proto::google::rpc;
use bollard_buildkit_proto::moby::buildkit::v1::frontend as proto;
use bollard_buildkit_proto::pb;

use super::{Profile, outcome};

/// What happened.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Graphs that were taken, in order.
    pub(crate) solved: Vec<pb::Definition>,
    /// Graphs whose trees were asked for at once.
    pub(crate) evaluated: Vec<pb::Definition>,
    /// Graphs that were refused, with the reason.
    pub(crate) refused: Vec<String>,
    /// Where the last graph said that cached results may be.
    pub(crate) cache_imports: Vec<proto::CacheOptionsEntry>,
    pub(crate) warnings: Vec<proto::WarnRequest>,
    /// Calls by name, in order.
    pub(crate) calls: Vec<&'static str>,
    pub(crate) returned: Option<proto::ReturnRequest>,
    pub(crate) status: Option<ExitStatus>,
    /// What the frontend wrote to standard error.
    pub(crate) said: String,
    /// From the trouble, or from the start if there was none, to the end.
    pub(crate) took: Duration,
    pub(crate) profile: Profile,
}

impl Record {
    pub(crate) fn new(profile: Profile) -> Self {
        Self {
            solved: Vec::new(),
            evaluated: Vec::new(),
            refused: Vec::new(),
            cache_imports: Vec::new(),
            warnings: Vec::new(),
            calls: Vec::new(),
            returned: None,
            status: None,
            said: String::new(),
            took: Duration::ZERO,
            profile,
        }
    }

    /// The result that was returned, which an exporter takes if it is a build's.
    pub(crate) fn result(&self) -> proto::Result {
        let returned = self.returned.clone().expect("nothing was returned");
        assert_eq!(returned.error, None);
        assert!(self.status.is_some_and(|status| status.success()));
        let result = returned.result.unwrap();
        if !result.metadata.contains_key("result.json") {
            assert_eq!(outcome::export(&result, &self.profile), Ok(()));
        }
        result
    }

    /// The error that was returned.
    pub(crate) fn error(&self) -> rpc::Status {
        let returned = self.returned.clone().expect("nothing was returned");
        assert!(returned.result.is_none());
        // Any other end would hide the error.
        assert!(self.status.is_some_and(|status| status.success()));
        returned.error.unwrap()
    }
}
