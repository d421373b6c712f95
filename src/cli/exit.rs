//! Exit codes, which are an interface: the one place where an error becomes a number.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use crate::reference::InvalidReference;
use crate::report::Problems;
use crate::{agent, artifact, registry, store, trust};

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
    error.chain().find_map(opinion).unwrap_or(ExitStatus::Fault)
}

fn opinion(cause: &(dyn Error + 'static)) -> Option<ExitStatus> {
    if let Some(error) = cause.downcast_ref::<agent::Error>() {
        return match error {
            agent::Error::Store(error) => opinion(error),
            agent::Error::Silent { .. } => Some(ExitStatus::Retry),
            agent::Error::Running(_)
            | agent::Error::Listening(_)
            | agent::Error::NoSocket(_)
            | agent::Error::Io { .. } => Some(ExitStatus::InputFailed),
            error => error.is_transient().then_some(ExitStatus::Retry),
        };
    }
    if let Some(error) = cause.downcast_ref::<store::Error>() {
        return match error {
            store::Error::Artifact(error) => opinion(error),
            store::Error::Busy { .. } | store::Error::Moved(_) => Some(ExitStatus::Retry),
            store::Error::NoVolume { .. }
            | store::Error::NoName(_)
            | store::Error::NoEarlier { .. }
            | store::Error::Gone(_)
            | store::Error::LeaseId(_)
            | store::Error::Type { .. }
            | store::Error::NoImage(_)
            | store::Error::Twin => Some(ExitStatus::InputFailed),
            // A disk that is full is not the layer's fault.
            store::Error::Layer { source, .. } => {
                disk(source).is_none().then_some(ExitStatus::InputFailed)
            }
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<artifact::Error>() {
        return match error {
            artifact::Error::Io { source, .. } => io_opinion(source),
            artifact::Error::Write(_) => None,
            error => match error.failure() {
                Some(failure) if failure.transient => Some(ExitStatus::Retry),
                Some(failure) => {
                    Some(opinion(failure.get_ref()).unwrap_or(ExitStatus::InputFailed))
                }
                None => Some(ExitStatus::InputFailed),
            },
        };
    }
    if let Some(failure) = cause.downcast_ref::<artifact::Failure>() {
        return if failure.transient {
            Some(ExitStatus::Retry)
        } else {
            opinion(failure.get_ref())
        };
    }
    if let Some(error) = cause.downcast_ref::<registry::Error>() {
        return Some(if error.is_transient() {
            ExitStatus::Retry
        } else {
            ExitStatus::InputFailed
        });
    }
    if let Some(error) = cause.downcast_ref::<trust::Error>() {
        return match error {
            trust::Error::Artifact(error) => opinion(error),
            trust::Error::Failure(failure) => opinion(failure),
            trust::Error::Write(_) => None,
            _ => Some(ExitStatus::InputFailed),
        };
    }
    let ours = cause.is::<Problems>() || cause.is::<InvalidReference>();
    ours.then_some(ExitStatus::InputFailed)
}

/// What to do about a full disk.
const ROOM: &str = "Free some room, or name another store with `--store`";

/// What to do about a disk that takes nothing.
fn disk(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(ROOM),
        io::ErrorKind::ReadOnlyFilesystem => {
            Some("The file system is read-only; name another store with `--store`")
        }
        _ => None,
    }
}

/// A file that the user named and that is not there is the user's; a disk that fails is not.
fn io_opinion(error: &io::Error) -> Option<ExitStatus> {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
    )
    .then_some(ExitStatus::InputFailed)
}

/// What the user can do about an error, if one of its causes knows.
pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(advice)
}

fn advice(cause: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = cause.downcast_ref::<agent::Error>() {
        return match error {
            agent::Error::Store(error) => advice(error),
            error => error.hint(),
        };
    }
    if let Some(error) = cause.downcast_ref::<store::Error>() {
        return match error {
            store::Error::Artifact(error) => advice(error),
            store::Error::NoVolume {
                reference,
                platform,
            } => Some(format!(
                "Run `krunner pull {reference} --platform {platform}` first"
            )),
            store::Error::Type { .. } => {
                Some("Make an artifact of the image first, with `krunner publish`".to_owned())
            }
            store::Error::NotInitialized(_) => {
                Some("Run `krunner pull REF` first, or name the store with `--store`".to_owned())
            }
            store::Error::Version { .. } | store::Error::Feature { .. } => {
                Some("Use the krunner that made the store, or another store".to_owned())
            }
            store::Error::NoEarlier { .. } => {
                Some("`krunner volumes` shows what the store has".to_owned())
            }
            store::Error::Damaged { .. } => {
                Some("`krunner fsck --repair` takes it away".to_owned())
            }
            store::Error::Busy { .. } => Some(
                "Wait until running pulls have ended, or give more time with `--wait`".to_owned(),
            ),
            store::Error::Full { .. } => Some(ROOM.to_owned()),
            store::Error::NoImage(_) => {
                Some("Publish it with `--erofs`, or pull it with `--mode dir`".to_owned())
            }
            store::Error::Mount { .. } => Some(
                "Only root may mount, and the kernel must know EROFS; `--mode dir` needs neither"
                    .to_owned(),
            ),
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<artifact::Error>() {
        let below = || {
            error
                .failure()
                .and_then(|failure| advice(failure.get_ref()))
        };
        return error.hint().map(str::to_owned).or_else(below);
    }
    if let Some(failure) = cause.downcast_ref::<artifact::Failure>() {
        return advice(failure.get_ref());
    }
    if let Some(error) = cause.downcast_ref::<trust::Error>() {
        return match error {
            trust::Error::Artifact(error) => advice(error),
            trust::Error::Failure(failure) => advice(failure),
            error => error.hint().map(str::to_owned),
        };
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return disk(error).map(str::to_owned);
    }
    cause
        .downcast_ref::<registry::Error>()
        .and_then(registry::Error::hint)
}
