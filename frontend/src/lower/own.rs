//! Owning: a tree that several steps read, for one owner alone.
//!
//! BuildKit 0.25 reads an imported cache result by result. Of an operation that it has met under an earlier result it
//! keeps the first use under the next one and forgets the others, whose steps then run again: so what two platforms
//! share, no platform may use twice.

use krunner::platform::Platform;

use crate::llb::{self, Meta, Output};

/// Nothing reads it; it is there to make operations unlike.
const MARK: &str = "/.krunner-owner";

/// Whom a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// One platform's volume.
    Platform(Platform),
    /// Every platform of the build.
    Build,
}

impl Owner {
    /// `tree` with the mark of its owner: a layer of one small file over it.
    pub(super) fn own(self, tree: &Output, what: &str) -> Output {
        let owner = match self {
            Self::Platform(platform) => platform.to_string(),
            Self::Build => "every platform".to_owned(),
        };
        let meta = Meta::named(format!("[internal] keep {what} for {owner}"));
        llb::make_file(
            Some(tree),
            MARK,
            0o444,
            format!("{owner}\n").into_bytes(),
            meta,
        )
    }
}
