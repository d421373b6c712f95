//! Exit codes, which are an interface: the one place where an error becomes a number.

use std::process::ExitCode;

use crate::report::Problems;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: done.
    Done,
    /// 1: what the user gave us failed, and giving it again will fail again.
    InputFailed,
    /// 2: wrong usage, or our own fault.
    Fault,
    /// 75, `EX_TEMPFAIL` of sysexits: the same command may well succeed later.
    Retry,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Done => 0,
            ExitStatus::InputFailed => 1,
            ExitStatus::Fault => 2,
            ExitStatus::Retry => 75,
        })
    }
}

/// The status of a command line that did not parse, after clap has said why.
/// `--help` and `--version` come this way too, and are no failure.
pub(super) fn usage(error: &clap::Error) -> ExitStatus {
    // clap chooses the stream and the colours itself. A closed pipe is nobody's problem here.
    let _ = error.print();
    if error.use_stderr() {
        ExitStatus::Fault
    } else {
        ExitStatus::Done
    }
}

/// The status of an error, by the first typed cause that has an opinion.
pub(super) fn status(error: &anyhow::Error) -> ExitStatus {
    error
        .chain()
        .find_map(|cause| cause.is::<Problems>().then_some(ExitStatus::InputFailed))
        .unwrap_or(ExitStatus::Fault)
}

/// What the user can do about an error, if one of its causes knows.
pub(super) fn hint(_error: &anyhow::Error) -> Option<String> {
    None
}
