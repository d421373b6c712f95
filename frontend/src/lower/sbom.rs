//! The bill of materials: a step that reads the finished trees.

use krunner::plan::{Input, Origin, Plan};
use krunner::sbom::Parts;

use super::inputs::Inputs;
use super::own::Owner;
use super::run::{OUT, Root, Runner};
use super::{Environment, Error, Lowered};
use crate::llb::{Meta, Output};
use crate::tool::step::Step;

/// The tree with the document of what `lowered` is made of. Nothing in the trees depends on it.
pub fn sbom(plan: &Plan, lowered: &Lowered, environment: &Environment) -> Result<Output, Error> {
    let parts = Parts::of(plan, &lowered.layers());
    let mut inputs = Inputs::new(environment, "sbom", plan.platform);
    let mut unpinned = Vec::new();
    for one in plan.inputs() {
        let known = |bytes: &crate::tool::step::Bytes| bytes.name == one.input.name;
        let wanted = parts
            .components
            .iter()
            .any(|part| part.input == one.input.name);
        if wanted && !is_pinned(one.input) && !unpinned.iter().any(known) {
            inputs.set_platform(one.platform);
            unpinned.push(inputs.bytes(one.input)?);
        }
    }
    inputs.set_platform(plan.platform);
    let trees = lowered.trees.iter().map(|(layer, tree)| {
        let path = inputs.tree(&format!("tree/{layer}"), tree);
        (layer.clone(), path)
    });
    let step = Step::Sbom {
        trees: trees.collect(),
        parts: Box::new(parts),
        unpinned,
        epoch: plan.volume.epoch,
        out: OUT.into(),
    };
    let label = environment.label("sbom", plan.platform);
    let meta = Meta::named(format!("{label} write the bill of materials"))
        .without_cache(environment.no_cache.covers("sbom"));
    let owner = Owner::Platform(plan.platform);
    Runner::new(environment, plan.build_platform, owner).run(&step, inputs, Root::Program, meta)
}

/// Whether the spec or a lock says the digest of an input.
fn is_pinned(input: &Input) -> bool {
    match &input.origin {
        Origin::Http { .. } | Origin::Inline { .. } => true,
        Origin::Path { sha256, .. } | Origin::Context { sha256, .. } => sha256.is_some(),
    }
}
