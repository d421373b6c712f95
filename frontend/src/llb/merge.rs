//! Merge: trees laid over each other, each staying a layer of its own.

use super::pb;
use super::vertex::{Inputs, Meta, Output, vertex};

/// The trees over each other, the last on top; a single tree is returned as it is, none gives `None`.
pub fn merge(trees: &[Output], meta: Meta) -> Option<Output> {
    if let [] | [_] = trees {
        return trees.first().cloned();
    }
    let mut inputs = Inputs::default();
    let merged = trees
        .iter()
        .map(|tree| pb::MergeInput {
            input: inputs.add(tree),
        })
        .collect();
    let op = pb::op::Op::Merge(pb::MergeOp { inputs: merged });
    Some(Output {
        vertex: vertex(op, inputs, None, ["mergeop"], meta),
        index: 0,
    })
}
