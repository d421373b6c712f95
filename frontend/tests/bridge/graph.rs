//! Definitions as the engine reads them: checked, and written for people.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use bollard_buildkit_proto::pb;
use krunner::digest::Digest;
use pb::op::Op;
use prost::Message as _;

/// The operations with their digests, in order.
pub(crate) fn operations(definition: &pb::Definition) -> Vec<(String, pb::Op)> {
    let decode = |bytes: &Vec<u8>| {
        let op = pb::Op::decode(bytes.as_slice()).unwrap();
        (Digest::of(bytes).to_string(), op)
    };
    definition.def.iter().map(decode).collect()
}

/// One line or more for every operation, with inputs by their line, and by their number where the operation there makes
/// several trees.
pub(crate) fn describe(definition: &pb::Definition) -> String {
    shown(definition).map(|(_, text)| text + "\n").collect()
}

/// The same with every digest.
pub(crate) fn golden(definition: &pb::Definition) -> String {
    let line = |(digest, text)| format!("{text}\n   {digest}\n");
    shown(definition).map(line).collect()
}

fn shown(definition: &pb::Definition) -> impl Iterator<Item = (String, String)> + '_ {
    let mut numbers = BTreeMap::new();
    let all = operations(definition).into_iter().enumerate();
    all.map(move |(number, (digest, op))| {
        let inputs = op.inputs.iter().map(|input| Input {
            line: numbers[&input.digest],
            index: input.index,
        });
        let inputs: Vec<_> = inputs.collect();
        numbers.insert(digest.clone(), number);
        let metadata = &definition.metadata[&digest];
        let text = format!("{number}: {}", operation(op, metadata, &inputs));
        (digest, text)
    })
}

/// One tree of those that an operation makes.
struct Input {
    line: usize,
    index: i64,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.line)?;
        if self.index > 0 {
            write!(f, ".{}", self.index)?;
        }
        Ok(())
    }
}

fn operation(op: pb::Op, metadata: &pb::OpMetadata, inputs: &[Input]) -> String {
    let name = metadata.description.get("llb.customname");
    let mut text = name.cloned().unwrap_or_default();
    if let Some(platform) = op.platform {
        let _ = write!(text, " on {}", platform.architecture);
    }
    text.push_str("\n   ");
    if let Some(group) = &metadata.progress_group {
        let _ = write!(text, "group {}: {}\n   ", group.id, group.name);
    }
    match op.op {
        Some(Op::Source(source)) => {
            text += &source.identifier;
            for (key, value) in source.attrs {
                let _ = write!(text, "\n      {key} = {value}");
            }
        }
        Some(Op::Exec(exec)) => text += &process(&exec, inputs),
        Some(Op::File(file)) => {
            for action in file.actions {
                let _ = match action.action {
                    Some(pb::file_action::Action::Mkfile(file)) if inputs.is_empty() => {
                        write!(text, "write {} ", file.path)
                    }
                    Some(pb::file_action::Action::Mkfile(file)) => {
                        write!(text, "write {} onto {inputs:?} ", file.path)
                    }
                    Some(pb::file_action::Action::Copy(copy)) => {
                        write!(text, "copy {} from {inputs:?} ", copy.src)
                    }
                    other => write!(text, "{other:?}"),
                };
            }
        }
        Some(Op::Merge(_)) => {
            let _ = write!(text, "merge {inputs:?}");
        }
        _ => {
            let _ = write!(text, "result {inputs:?}");
        }
    }
    text
}

fn process(exec: &pb::ExecOp, inputs: &[Input]) -> String {
    let meta = exec.meta.clone().unwrap_or_default();
    let mut text = format!(
        "{} env {:?} network {}",
        meta.args.join(" "),
        meta.env,
        exec.network().as_str_name()
    );
    for mount in &exec.mounts {
        let from = usize::try_from(mount.input)
            .map_or(String::new(), |index| format!(" from {:?}", inputs[index]));
        let kind = mount.mount_type().as_str_name();
        let access = if mount.readonly {
            "read-only"
        } else {
            "writable"
        };
        let id = mount
            .cache_opt
            .clone()
            .map(|cache| format!(" {}", cache.id))
            .unwrap_or_default();
        let _ = write!(text, "\n      {} {kind}{id} {access}{from}", mount.dest);
    }
    text
}
