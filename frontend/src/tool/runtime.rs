//! The runtime step: the C runtime's libraries and licences, out of archives.

use std::path::Path;

use krunner::platform::Architecture;

use super::Error;
use super::step::Bytes;

pub(super) fn run(
    _archives: &[Bytes],
    _folder: &str,
    _architecture: Architecture,
    _epoch: u64,
    _out: &Path,
) -> Result<(), Error> {
    Err(Error::NotYet("runtime"))
}
