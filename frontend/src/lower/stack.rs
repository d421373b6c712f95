//! Stacking: trees over each other, one layer each.

use krunner::plan::Plan;

use super::{Environment, Error, Lowered, Target, Trees};
use crate::llb::{self, Meta, Output};

/// Merges where the engine can, so that no layer depends on another; else copies each tree onto those below
/// it, which gives the same layers but makes them again when a lower one changes.
pub(super) fn stack(
    plan: &Plan,
    target: Target,
    trees: Trees,
    environment: &Environment,
) -> Result<Lowered, Error> {
    let name = |what: &str| {
        let label = environment.label(target.name(), plan.platform);
        Meta::named(format!("{label} {what}"))
            .without_cache(environment.no_cache.covers(target.name()))
    };
    let output = if environment.can_merge {
        let all: Vec<Output> = trees.iter().map(|(_, tree)| tree.clone()).collect();
        llb::merge(&all, name(&format!("merge {} layers", all.len())))
    } else {
        let mut all = trees.iter();
        let first = all.next().map(|(_, tree)| tree.clone());
        first.map(|first| {
            all.fold(first, |below, (layer, tree)| {
                let meta = name(&format!("copy {layer}"));
                llb::copy_tree(tree, Some(&below), plan.volume.epoch, meta)
            })
        })
    };
    Ok(Lowered {
        output: output.ok_or(Error::NoStage(target.name()))?,
        trees,
    })
}
