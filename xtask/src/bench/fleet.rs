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
        ["bench", "--package", "krunner", "--bench", "fleet"],
    ))
}
