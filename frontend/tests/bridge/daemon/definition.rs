//! Definitions as the engine loads them, with its rules and its words (`solver/llbsolver/vertex.go`, `opsutils/validate.go`).

use std::collections::BTreeMap;

use bollard_buildkit_proto::pb;
use pb::op::Op;

use super::Profile;
use crate::graph;

/// Refuses what the engine refuses, and what it lets pass but would fail at later.
pub(crate) fn check(definition: &pb::Definition, profile: &Profile) -> Result<(), String> {
    if definition.def.is_empty() {
        return Err("invalid empty definition".to_owned());
    }
    let all = graph::operations(definition);
    let mut known: BTreeMap<&str, &pb::Op> = BTreeMap::new();
    for (digest, op) in &all {
        for (number, input) in op.inputs.iter().enumerate() {
            if input.index < 0 {
                let index = input.index;
                return Err(format!("invalid input {number} output index {index}"));
            }
            // The engine takes any order; that parents come first is what its client promises.
            if !known.contains_key(input.digest.as_str()) {
                return Err(format!("invalid missing input digest {}", input.digest));
            }
        }
        if known.insert(digest, op).is_some() {
            return Err(format!("operation {digest} is there twice"));
        }
    }
    if all.len() < 2 {
        return Err(format!("invalid LLB with {} vertexes", all.len()));
    }
    let Some(((_, last), rest)) = all.split_last() else {
        return Err("invalid empty definition".to_owned());
    };
    if last.inputs.is_empty() {
        return Err("invalid LLB with no inputs on last vertex".to_owned());
    }
    if last.op.is_some() || last.inputs.len() > 1 {
        return Err("the last operation is more than a mark".to_owned());
    }
    for (digest, op) in rest {
        operation(op)?;
        let metadata = definition.metadata.get(digest);
        let metadata = metadata.ok_or(format!("no metadata for {digest}"))?;
        for cap in metadata.caps.keys() {
            profile.supports(cap)?;
        }
        for cap in needed(op) {
            if !metadata.caps.contains_key(cap) {
                return Err(format!("{digest} needs {cap} and does not say so"));
            }
        }
    }
    for input in all.iter().flat_map(|(_, op)| &op.inputs) {
        let (index, count) = (input.index, results(known[input.digest.as_str()]));
        if usize::try_from(index).is_ok_and(|index| index >= count) {
            return Err(format!(
                "invalid response from exec need {index} index but {count} results received"
            ));
        }
    }
    sources(definition)
}

/// How many trees an operation makes (`solver/edge.go` finds out once it has run).
fn results(op: &pb::Op) -> usize {
    match &op.op {
        Some(Op::Exec(exec)) => exec.mounts.iter().filter(|one| one.output >= 0).count(),
        Some(Op::File(file)) => file.actions.iter().filter(|one| one.output >= 0).count(),
        _ => 1,
    }
}

fn operation(op: &pb::Op) -> Result<(), String> {
    let fault = match &op.op {
        Some(Op::Exec(exec)) => return process(exec, op.inputs.len()),
        Some(Op::File(file)) if file.actions.is_empty() => "invalid file op with no actions",
        Some(Op::File(file)) => return files(file, op.inputs.len()),
        Some(Op::Merge(merge)) if merge.inputs.len() < 2 => "invalid merge op with one input",
        Some(Op::Diff(diff)) if diff.lower.is_none() || diff.upper.is_none() => {
            "invalid diff op with nil lower or upper input"
        }
        Some(Op::Source(source)) if !source.identifier.contains("://") => {
            "failed to parse source identifier"
        }
        Some(Op::Build(_)) => "a nested build makes provenance incomplete",
        None => "invalid nil op",
        Some(_) => return Ok(()),
    };
    Err(fault.to_owned())
}

fn process(exec: &pb::ExecOp, inputs: usize) -> Result<(), String> {
    let meta = exec.meta.as_ref().ok_or("invalid exec op with no meta")?;
    if meta.args.is_empty() {
        return Err("invalid exec op with no args".to_owned());
    }
    if meta.cwd.is_empty() {
        return Err("invalid exec op with no cwd".to_owned());
    }
    if exec.mounts.is_empty() {
        return Err("invalid exec op with no mounts".to_owned());
    }
    if exec.mounts.iter().all(|mount| mount.dest != "/") {
        return Err("invalid exec op with no rootfs".to_owned());
    }
    let mut outputs: Vec<i64> = Vec::new();
    for mount in &exec.mounts {
        if mount.input >= 0 {
            index(mount.input, inputs)?;
        }
        if mount.output >= 0 {
            outputs.push(mount.output);
        }
    }
    outputs.sort_unstable();
    if !outputs
        .iter()
        .copied()
        .eq(0..i64::try_from(outputs.len()).unwrap())
    {
        return Err(format!(
            "outputs of a process are not numbered: {outputs:?}"
        ));
    }
    Ok(())
}

fn files(file: &pb::FileOp, inputs: usize) -> Result<(), String> {
    let mut outputs = Vec::new();
    for (number, action) in file.actions.iter().enumerate() {
        for input in [action.input, action.secondary_input] {
            // What comes before counts on from the inputs.
            if input >= 0 {
                index(input, inputs + number)?;
            }
        }
        outputs.extend(Some(action.output).filter(|output| *output >= 0));
    }
    if outputs != [0] {
        return Err(format!("invalid outputs of file op: {outputs:?}"));
    }
    Ok(())
}

fn index(index: i64, count: usize) -> Result<(), String> {
    match usize::try_from(index) {
        Ok(index) if index < count => Ok(()),
        _ => Err(format!("input index {index} out of range")),
    }
}

/// What the engine's own client would ask for: an engine that lacks it would pass over what it does not know.
fn needed(op: &pb::Op) -> Vec<&'static str> {
    let mut caps = Vec::new();
    let mut when = |cap, is_used: bool| caps.extend(is_used.then_some(cap));
    when("platform", op.platform.is_some());
    match &op.op {
        Some(Op::Source(source)) => {
            for (attribute, cap) in ATTRIBUTES {
                when(cap, source.attrs.contains_key(attribute));
            }
            let subdir = source.identifier.split_once('#');
            let subdir = subdir.is_some_and(|(_, fragment)| fragment.contains(':'));
            let scheme = source.identifier.split("://").next().unwrap_or_default();
            when("source.git.subdir", scheme == "git" && subdir);
            when("source.git", scheme == "git");
            when("source.http", scheme.starts_with("http"));
            when("source.local", scheme == "local");
            when("source.image", scheme == "docker-image");
            when("source.ocilayout", scheme == "oci-layout");
        }
        Some(Op::Exec(exec)) => {
            let meta = exec.meta.clone().unwrap_or_default();
            when("exec.meta.base", true);
            when("exec.meta.proxyenv", meta.proxy_env.is_some());
            when("exec.meta.ulimit", !meta.ulimit.is_empty());
            when("exec.meta.cgroup.parent", !meta.cgroup_parent.is_empty());
            when("exec.validexitcode", !meta.valid_exit_codes.is_empty());
            when("exec.secretenv", !exec.secretenv.is_empty());
            when("exec.meta.network", exec.network != 0);
            when("exec.meta.security", exec.security != 0);
            for mount in &exec.mounts {
                use pb::MountType::{Bind, Cache, Secret, Ssh, Tmpfs};
                let kind = mount.mount_type();
                let size = mount.tmpfs_opt.is_some_and(|tmpfs| tmpfs.size > 0);
                when("exec.mount.bind", kind == Bind);
                when("exec.mount.tmpfs", kind == Tmpfs);
                when("exec.mount.tmpfs.size", kind == Tmpfs && size);
                when("exec.mount.cache", kind == Cache);
                when("exec.mount.cache.sharing", kind == Cache);
                when("exec.mount.secret", kind == Secret);
                when("exec.mount.ssh", kind == Ssh);
                when("exec.mount.selector", !mount.selector.is_empty());
            }
        }
        Some(Op::File(file)) => {
            when("file.base", true);
            for action in &file.actions {
                use pb::file_action::Action::{Copy, Symlink};
                let copy = match &action.action {
                    Some(Copy(copy)) => copy.clone(),
                    _ => pb::FileActionCopy::default(),
                };
                let patterns = copy.include_patterns.len() + copy.exclude_patterns.len();
                when("file.copy.includeexcludepatterns", patterns > 0);
                when(
                    "file.copy.alwaysreplaceexistingdestpaths",
                    copy.always_replace_existing_dest_paths,
                );
                let link = matches!(action.action, Some(Symlink(_)));
                when("file.symlink.create", link);
            }
        }
        Some(Op::Merge(_)) => when("mergeop", true),
        Some(Op::Diff(_)) => when("diffop", true),
        _ => {}
    }
    caps
}

/// Attributes of sources, and what an engine must have to heed them.
const ATTRIBUTES: [(&str, &str); 23] = [
    ("image.resolvemode", "source.image.resolvemode"),
    ("image.layerlimit", "source.image.layerlimit"),
    ("image.checksum", "source.image.checksum"),
    ("local.session", "source.local.sessionid"),
    ("local.unique", "source.local.unique"),
    ("local.includepattern", "source.local.includepatterns"),
    ("local.followpaths", "source.local.followpaths"),
    ("local.excludepatterns", "source.local.excludepatterns"),
    ("local.sharedkeyhint", "source.local.sharedkeyhint"),
    ("local.differ", "source.local.differ"),
    ("git.fullurl", "source.git.fullurl"),
    ("git.keepgitdir", "source.git.keepgitdir"),
    ("git.authheadersecret", "source.git.httpauth"),
    ("git.authtokensecret", "source.git.httpauth"),
    ("git.knownsshhosts", "source.git.knownsshhosts"),
    ("git.mountsshsock", "source.git.mountsshsock"),
    ("git.checksum", "source.git.checksum"),
    ("http.checksum", "source.http.checksum"),
    ("http.perm", "source.http.perm"),
    ("http.authheadersecret", "source.http.auth"),
    ("http.header.accept", "source.http.header"),
    ("http.header.user-agent", "source.http.header"),
    ("http.uid", "soruce.http.uidgid"),
];

/// Places must point at files that came along, and at operations that are there.
fn sources(definition: &pb::Definition) -> Result<(), String> {
    let Some(source) = &definition.source else {
        return Ok(());
    };
    for (digest, all) in &source.locations {
        if !definition.metadata.contains_key(digest) {
            return Err(format!("a place for {digest}, which is not there"));
        }
        for location in &all.locations {
            let index = usize::try_from(location.source_index).unwrap_or(usize::MAX);
            if index >= source.infos.len() || location.ranges.is_empty() {
                return Err(format!("a place of {digest} points nowhere"));
            }
        }
    }
    Ok(())
}
