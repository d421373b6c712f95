//! What can go wrong between the engine and the frontend: it always ends, in time, and says why.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

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
    for call in ["Ping", "Solve", "ReadFile", "Evaluation", "Return"] {
        let record = with(Trouble::Dies(call));
        gave_up(&record);
        assert!(record.said.contains("no longer there"), "{}", record.said);
    }
}

#[test]
fn a_cancelled_build_ends_in_any_call() {
    for call in ["Ping", "Solve", "ReadFile", "Evaluation", "Return"] {
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

#[test]
fn an_answer_without_what_it_must_have_is_an_error() {
    let error = with(Trouble::SolvesWithoutResult).error();
    assert_eq!(
        error.message,
        "The engine answered `Solve` without a result"
    );
    assert_eq!(error.code, 13);
}

/// A file of the fixture, made longer by a comment.
fn padded(name: &str, length: usize) -> Record {
    let mut daemon = daemon();
    let file = daemon.files.get_mut(name).unwrap();
    file.extend(b"\n#");
    file.resize(length, b'#');
    daemon.build(&[IMAGE, MIRROR])
}

#[test]
fn a_lock_of_the_greatest_length_is_read() {
    padded("pylock.toml", 8 << 20).result();
}

#[test]
fn a_file_that_is_too_long_is_named() {
    // Longer than we read, and longer than a message may be.
    for length in [10 << 20, 17 << 20] {
        for name in ["krunner.toml", "pylock.toml"] {
            let error = padded(name, length).error();
            assert!(error.message.contains(name), "{}", error.message);
            assert_eq!(error.code, 3, "{}", error.message);
            assert!(error.message.len() < 1000);
        }
    }
}

/// The binary without an engine: how it ends, and what it prints.
fn alone(args: &[&str], input: Stdio) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_krunner-frontend"));
    let mut child = command
        .args(args)
        .env_clear()
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(5), "{args:?} hangs");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

#[test]
fn who_asks_for_version_or_help_gets_it() {
    for (args, text) in [
        (
            ["--version"],
            concat!("krunner-frontend ", env!("CARGO_PKG_VERSION"), "\n"),
        ),
        (["--help"], "Usage: krunner-frontend"),
        (["-h"], "--version"),
    ] {
        let output = alone(&args, Stdio::null());
        assert!(output.status.success());
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(text), "{printed}");
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn without_an_engine_it_says_who_starts_it() {
    let output = alone(&[], Stdio::null());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("this program is started by BuildKit"),
        "{said}"
    );
    assert!(crate::daemon::is_http2(&output.stdout, true));
}
