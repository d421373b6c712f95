//! Stacking: the trees of the stages over each other, one layer each.

use krunner::plan::Plan;

use super::{Environment, Error, Lowered};
use crate::llb::{self, Meta, Output};

/// Merges where the engine can, so that no layer depends on another; else copies each tree onto those below
/// it, which gives the same layers but makes them again when a lower one changes.
pub(super) fn stack(
    plan: &Plan,
    trees: Vec<(&'static str, Output)>,
    environment: &Environment,
) -> Result<Lowered, Error> {
    let layers: Vec<_> = trees.iter().map(|(stage, _)| *stage).collect();
    let own = trees.clone();
    let name = |what: &str, stage: &str| {
        Meta::named(format!(
            "{} {what}",
            environment.label(stage, plan.platform)
        ))
        .without_cache(environment.no_cache.covers("volume"))
    };
    let mut trees = trees.into_iter();
    let (_, first) = trees.next().ok_or(Error::NoStage("python"))?;
    let output = if environment.can_merge {
        let mut all = vec![first.clone()];
        all.extend(trees.map(|(_, tree)| tree));
        let meta = name(&format!("merge {} layers", all.len()), "volume");
        llb::merge(&all, meta).unwrap_or(first)
    } else {
        trees.fold(first, |below, (stage, tree)| {
            let meta = name(&format!("copy {stage}"), "volume");
            llb::copy_tree(&tree, Some(&below), plan.volume.epoch, meta)
        })
    };
    Ok(Lowered {
        output,
        layers,
        trees: own,
    })
}
