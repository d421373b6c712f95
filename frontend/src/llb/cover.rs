//! Cover: few of some trees that need every source that all of them need.

use std::collections::BTreeSet;

use prost::Message as _;

use super::pb;
use super::vertex::{Output, Vertex};

/// Those of `trees`, in order, that need a source which none before them needs: of a process that makes many, one.
///
/// What they are made from is never among them: an engine may have got these trees from somewhere, and nothing else.
pub fn cover(trees: impl IntoIterator<Item = Output>) -> Vec<Output> {
    let mut seen = BTreeSet::new();
    let trees = trees.into_iter();
    trees
        .filter(|tree| needs_new_source(&tree.vertex, &mut seen))
        .collect()
}

/// Whether there is a source at or below the vertex that was not come upon before; `seen` has the digests of what was.
fn needs_new_source(vertex: &Vertex, seen: &mut BTreeSet<String>) -> bool {
    if !seen.insert(vertex.digest.clone()) {
        return false;
    }
    let op = pb::Op::decode(vertex.bytes.as_slice()).ok();
    let mut found = matches!(op.and_then(|op| op.op), Some(pb::op::Op::Source(_)));
    for input in &vertex.inputs {
        found |= needs_new_source(input, seen);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Exec, Meta, Mount, http, make_file};
    use super::*;

    fn download(name: &str) -> Output {
        http(name, None, name, Meta::default())
    }

    /// The trees of a process with these inputs.
    fn process(inputs: &[&Output], trees: usize) -> Vec<Output> {
        let program = make_file(None, "/program", 0o555, Vec::new(), Meta::default());
        let mut exec = Exec::new(program, pb::Platform::default(), ["/program".to_owned()]);
        for (index, input) in inputs.iter().enumerate() {
            let input = Mount::Input((*input).clone());
            exec = exec.mount(format!("/in/{index}"), input);
        }
        for index in 0..trees {
            exec = exec.mount(format!("/out/{index}"), Mount::Scratch);
        }
        exec.outputs(Meta::default())
    }

    fn digests(outputs: &[Output]) -> Vec<&str> {
        outputs.iter().map(Output::digest).collect()
    }

    #[test]
    fn of_a_process_that_makes_many_trees_one_is_enough() {
        let many = process(&[&download("a"), &download("b")], 3);
        let cover = cover(many.clone());
        assert_eq!(digests(&cover), [many[0].digest()]);
        assert_eq!(cover[0].index, 0);
    }

    #[test]
    fn a_tree_that_needs_nothing_new_is_left_out() {
        let first = process(&[&download("a")], 1).remove(0);
        let second = process(&[&first], 1).remove(0);
        let third = process(&[&first, &download("b")], 1).remove(0);
        let cover = cover([first.clone(), second, third.clone()]);
        assert_eq!(digests(&cover), [first.digest(), third.digest()]);
    }

    #[test]
    fn what_a_tree_is_made_from_is_not_asked_for() {
        let inner = process(&[&download("a")], 1).remove(0);
        let outer = process(&[&inner, &download("b")], 1).remove(0);
        assert_eq!(digests(&cover([outer.clone()])), [outer.digest()]);
    }
}
