//! The same volume as a file system image that is mounted, where this machine can.

use anyhow::Result;

use super::content::Content;
use super::ways::{Place, unmount};
use crate::bench::process;
use crate::bench::samples::Samples;
use crate::console::Step;

/// Milliseconds until the volume is verified, durable and mounted; nothing, where that cannot be.
pub(super) fn measure(
    place: &Place,
    content: &Content,
    rounds: usize,
    step: &Step,
) -> Result<Option<Samples>> {
    if !content.twin {
        step.note("the artifact has no twin");
        return Ok(None);
    }
    let mut took = Samples::default();
    for round in 0..=rounds {
        step.at(&format!("round {round} of {rounds}"));
        let store = place.fresh()?;
        let run = process::run(&mut place.pull_as(content, &store, "erofs"))?;
        unmount(&store);
        place.done();
        if round > 0 {
            took.add(run.milliseconds);
        }
    }
    Ok(Some(took))
}
