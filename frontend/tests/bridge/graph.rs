//! Definitions as the engine reads them: checked, and written for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

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

/// The rules that the engine holds definitions to.
pub(crate) fn check(definition: &pb::Definition, has: impl Fn(&str) -> bool) -> Result<(), String> {
    let mut known: Vec<String> = Vec::new();
    for (digest, op) in operations(definition) {
        for input in &op.inputs {
            if !known.contains(&input.digest) || input.index < 0 {
                return Err(format!("invalid input {input:?}"));
            }
        }
        for cap in definition.metadata[&digest].caps.keys() {
            if !has(cap) {
                return Err(format!("unknown API capability {cap}"));
            }
        }
        let valid = match &op.op {
            Some(Op::Exec(exec)) => {
                exec.meta
                    .as_ref()
                    .is_some_and(|meta| !meta.args.is_empty() && !meta.cwd.is_empty())
                    && exec.mounts.iter().any(|mount| mount.dest == "/")
            }
            Some(Op::File(file)) => !file.actions.is_empty(),
            Some(Op::Merge(merge)) => merge.inputs.len() >= 2,
            Some(Op::Source(source)) => source.identifier.contains("://"),
            None => op.inputs.len() == 1,
            Some(_) => false,
        };
        if !valid {
            return Err(format!("invalid operation {op:?}"));
        }
        known.push(digest);
    }
    Ok(())
}

/// One line or more for every operation, with inputs by their line.
pub(crate) fn describe(definition: &pb::Definition) -> String {
    let mut numbers = BTreeMap::new();
    let mut text = String::new();
    for (number, (digest, op)) in operations(definition).into_iter().enumerate() {
        let inputs: Vec<_> = op
            .inputs
            .iter()
            .map(|input| numbers[&input.digest])
            .collect();
        numbers.insert(digest.clone(), number);
        let metadata = &definition.metadata[&digest];
        let name = metadata
            .description
            .get("llb.customname")
            .cloned()
            .unwrap_or_default();
        let platform = op
            .platform
            .map(|platform| format!(" on {}", platform.architecture));
        let _ = write!(
            text,
            "{number}: {name}{}\n   ",
            platform.unwrap_or_default()
        );
        if let Some(group) = &metadata.progress_group {
            let _ = write!(text, "group {}: {}\n   ", group.id, group.name);
        }
        match op.op {
            Some(Op::Source(source)) => {
                let _ = write!(text, "{}", source.identifier);
                for (key, value) in source.attrs {
                    let _ = write!(text, "\n      {key} = {value}");
                }
            }
            Some(Op::Exec(exec)) => text += &process(&exec, &inputs),
            Some(Op::File(file)) => {
                for action in file.actions {
                    let _ = match action.action {
                        Some(pb::file_action::Action::Mkfile(file)) => {
                            write!(text, "write {} ", file.path)
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
        text.push('\n');
    }
    text
}

fn process(exec: &pb::ExecOp, inputs: &[usize]) -> String {
    let meta = exec.meta.clone().unwrap_or_default();
    let mut text = format!(
        "{} env {:?} network {}",
        meta.args.join(" "),
        meta.env,
        exec.network().as_str_name()
    );
    for mount in &exec.mounts {
        let from = usize::try_from(mount.input)
            .map_or(String::new(), |index| format!(" from {}", inputs[index]));
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
