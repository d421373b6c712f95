//! Cover: few trees that need every source of a graph.

use std::collections::BTreeSet;
use std::sync::Arc;

use prost::Message as _;

use super::pb;
use super::vertex::{Output, Vertex};

/// Trees below `outputs` that need every source between them: one of each process that needs a source which none before
/// it needs, and an output itself if no process needs what it is made of.
///
/// A process that makes many trees is asked for one of them: engines look each tree up by itself, in every input.
pub fn cover(outputs: &[Output]) -> Vec<Output> {
    let mut walk = Walk::default();
    for output in outputs {
        if walk.visit(&output.vertex) {
            walk.cover.push(output.clone());
        }
    }
    walk.cover
}

#[derive(Default)]
struct Walk {
    seen: BTreeSet<String>,
    cover: Vec<Output>,
}

impl Walk {
    /// Whether the vertex needs a source that nothing in the cover needs yet, and nobody else will see to.
    fn visit(&mut self, vertex: &Arc<Vertex>) -> bool {
        if !self.seen.insert(vertex.digest.clone()) {
            // Whoever came here first sees to it.
            return false;
        }
        let mut open = false;
        for input in &vertex.inputs {
            open |= self.visit(input);
        }
        let op = pb::Op::decode(vertex.bytes.as_slice()).ok();
        match op.and_then(|op| op.op) {
            Some(pb::op::Op::Source(_)) => true,
            Some(pb::op::Op::Exec(_)) if open => {
                self.cover.push(Output {
                    vertex: Arc::clone(vertex),
                    index: 0,
                });
                false
            }
            _ => open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Exec, Meta, Mount, http, make_file, merge};
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
    fn a_process_is_asked_for_one_of_its_trees() {
        let many = process(&[&download("a"), &download("b")], 3);
        let merged = merge(&many, Meta::default()).unwrap();
        let cover = cover(&[merged]);
        assert_eq!(digests(&cover), [many[0].digest()]);
        assert_eq!(cover[0].index, 0);
    }

    #[test]
    fn a_process_that_needs_nothing_new_is_left_to_whoever_wants_its_tree() {
        let first = process(&[&download("a")], 1);
        let last = process(&[&first[0]], 1);
        let merged = merge(&[first[0].clone(), last[0].clone()], Meta::default()).unwrap();
        assert_eq!(
            digests(&cover(std::slice::from_ref(&merged))),
            [first[0].digest()]
        );
        // Nor does the second of several outputs bring up what the first has.
        assert_eq!(
            digests(&cover(&[merged, last[0].clone()])),
            [first[0].digest()]
        );
    }

    #[test]
    fn every_source_is_needed_by_something() {
        let (a, b) = (download("a"), download("b"));
        let inner = process(&[&a], 1);
        let outer = process(&[&b, &inner[0]], 1);
        assert_eq!(
            digests(&cover(&outer)),
            [inner[0].digest(), outer[0].digest()]
        );
        // Without a process, the output itself.
        let merged = merge(&[a, b], Meta::default()).unwrap();
        assert_eq!(
            digests(&cover(std::slice::from_ref(&merged))),
            [merged.digest()]
        );
    }
}
