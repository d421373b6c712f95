//! What a thousand nodes do to a registry when a tag moves. The program is `benches/fleet.rs`.

use anyhow::Result;

use crate::command::show;
use crate::frontend::cargo;
use crate::tree::Tree;

/// Runs the measurement.
pub(super) fn run() -> Result<()> {
    let tree = Tree::find()?;
    show(&mut cargo(
        &tree,
        // What is counted does not depend on how fast this program is, and the tests have compiled all of it already.
        [
            "bench",
            "--package",
            "krunner",
            "--bench",
            "fleet",
            "--profile",
            "dev",
        ],
    ))
}
