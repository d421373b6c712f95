//! What can go wrong between the engine and the frontend: it always ends, in time, and says why.

use std::time::Duration;

use crate::daemon::{Record, Trouble};
use crate::{IMAGE, MIRROR, daemon};

/// After this time a cancelled build must be gone.
const SOON: Duration = Duration::from_secs(1);

fn with(trouble: Trouble) -> Record {
    let mut daemon = daemon();
    daemon.trouble = trouble;
    daemon.build(&[IMAGE, MIRROR])
}

/// Nothing was returned, and the engine sees that this was no success.
fn gave_up(record: &Record) {
    assert!(record.returned.is_none());
    assert!(!record.status.unwrap().success());
    assert!(record.took < SOON, "{:?}", record.took);
}

#[test]
fn an_engine_that_dies_in_any_call_ends_the_frontend() {
    for call in ["Ping", "Solve", "ReadFile", "Return"] {
        gave_up(&with(Trouble::Dies(call)));
    }
}

#[test]
fn a_cancelled_build_ends_in_any_call() {
    for call in ["Ping", "Solve", "ReadFile", "Return"] {
        let record = with(Trouble::Cancels(call));
        gave_up(&record);
        // By itself, not by the signal: as the first process of a container it would not get one.
        assert_eq!(record.status.unwrap().code(), Some(1), "{}", record.said);
    }
}

#[test]
fn a_result_that_is_not_taken_is_no_success() {
    let status = tonic::Status::unknown("gateway result is already set");
    let record = with(Trouble::RefusesReturn(status));
    gave_up(&record);
    assert!(
        record.said.contains("gateway result is already set"),
        "{}",
        record.said
    );
}
