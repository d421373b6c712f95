//! Trees: what files a definition's result has, worked out as far as no process is needed.

use std::collections::BTreeMap;
use std::io::Read as _;

use bollard_buildkit_proto::pb;
use globset::Glob;
use pb::op::Op;
use prost::Message as _;

use super::Daemon;
use crate::graph;

/// Files by path, without the slash at the front.
pub(crate) type Tree = BTreeMap<String, Vec<u8>>;

/// The files of a definition's result.
pub(crate) fn of(definition: &pb::Definition, daemon: &Daemon) -> Tree {
    let mut trees: BTreeMap<String, Tree> = BTreeMap::new();
    for (digest, op) in graph::operations(definition) {
        let inputs = op.inputs.iter().map(|input| trees[&input.digest].clone());
        let tree = make(&op, &inputs.collect::<Vec<_>>(), daemon);
        trees.insert(digest, tree);
    }
    let last = definition.def.last().unwrap();
    let last = pb::Op::decode(last.as_slice()).unwrap();
    trees[&last.inputs[0].digest].clone()
}

fn make(op: &pb::Op, inputs: &[Tree], daemon: &Daemon) -> Tree {
    match &op.op {
        Some(Op::Source(source)) => fetch(source, daemon),
        Some(Op::File(file)) => {
            let mut trees = inputs.to_vec();
            for action in &file.actions {
                let at = |index: i64| usize::try_from(index).ok().map(|index| &trees[index]);
                let mut tree = at(action.input).cloned().unwrap_or_default();
                let from = at(action.secondary_input).cloned().unwrap_or_default();
                act(action, &from, &mut tree);
                trees.push(tree);
            }
            trees.pop().unwrap_or_default()
        }
        Some(Op::Merge(_)) => inputs.iter().flat_map(Tree::clone).collect(),
        // Nothing is run here: what a process makes is told beforehand.
        Some(Op::Exec(_)) => daemon.made.clone(),
        // A mark has no tree.
        _ => Tree::new(),
    }
}

/// What the client or the network has; of a folder only what is asked for is sent.
fn fetch(source: &pb::SourceOp, daemon: &Daemon) -> Tree {
    if let Some(data) = daemon.downloads.get(&source.identifier) {
        return Tree::from([(source.attrs["http.filename"].clone(), data.clone())]);
    }
    let folder = source.identifier.strip_prefix("local://");
    let folder = folder.and_then(|name| daemon.folders.get(name));
    let files = folder.unwrap_or(&daemon.files);
    let Some(paths) = source.attrs.get("local.followpaths") else {
        return files.clone();
    };
    let paths: Vec<String> = serde_json::from_str(paths).unwrap();
    let wanted = |name: &str| {
        let globs = paths.iter().map(|path| Glob::new(path).unwrap());
        globs
            .map(|glob| glob.compile_matcher())
            .any(|glob| glob.is_match(name))
    };
    let files = files.iter().filter(|(name, _)| wanted(name));
    files
        .map(|(name, data)| (name.clone(), data.clone()))
        .collect()
}

fn act(action: &pb::FileAction, from: &Tree, tree: &mut Tree) {
    use pb::file_action::Action::{Copy, Mkfile};
    let bare = |path: &str| path.trim_matches('/').to_owned();
    match &action.action {
        Some(Mkfile(file)) => {
            tree.insert(bare(&file.path), file.data.clone());
        }
        Some(Copy(copy)) => {
            let (src, dest) = (bare(&copy.src), bare(&copy.dest));
            if let Some(data) = from.get(&src) {
                match archive(data).filter(|_| copy.attempt_unpack_docker_compatibility) {
                    Some(files) => tree.extend(files),
                    None => drop(tree.insert(dest, data.clone())),
                }
                return;
            }
            let folder = if src.is_empty() {
                src
            } else {
                format!("{src}/")
            };
            for (path, data) in from {
                if let Some(rest) = path.strip_prefix(&folder) {
                    tree.insert(bare(&format!("{dest}/{rest}")), data.clone());
                }
            }
        }
        _ => {}
    }
}

/// The files of a plain tar archive, if it is one.
fn archive(data: &[u8]) -> Option<Tree> {
    let mut tree = Tree::new();
    for entry in tar::Archive::new(data).entries().ok()? {
        let mut entry = entry.ok()?;
        let path = entry
            .path()
            .ok()?
            .to_string_lossy()
            .trim_matches('/')
            .to_owned();
        let mut data = Vec::new();
        entry.read_to_end(&mut data).ok()?;
        tree.insert(path, data);
    }
    Some(tree)
}
