//! Files: trees made by the engine itself, without a process.

use super::pb;
use super::vertex::{Inputs, Meta, Output, vertex};

/// Everything that a build makes carries one time; what only steps read carries this one.
const EPOCH: i64 = 0;

fn root() -> pb::ChownOpt {
    let id = || {
        Some(pb::UserOpt {
            user: Some(pb::user_opt::User::ById(0)),
        })
    };
    pb::ChownOpt {
        user: id(),
        group: id(),
    }
}

fn file(inputs: Inputs, actions: Vec<pb::FileAction>, meta: Meta) -> Output {
    let op = pb::op::Op::File(pb::FileOp { actions });
    Output {
        vertex: vertex(op, inputs, None, ["file.base"], meta),
        index: 0,
    }
}

/// A tree with nothing but one file at `path`, or `onto` with that file.
pub fn make_file(
    onto: Option<&Output>,
    path: &str,
    mode: u32,
    data: Vec<u8>,
    meta: Meta,
) -> Output {
    let mut inputs = Inputs::default();
    let action = pb::FileAction {
        input: onto.map_or(-1, |output| inputs.add(output)),
        secondary_input: -1,
        output: 0,
        action: Some(pb::file_action::Action::Mkfile(pb::FileActionMkFile {
            path: path.to_owned(),
            mode: i32::try_from(mode).unwrap_or(0o644),
            data,
            owner: Some(root()),
            timestamp: EPOCH,
        })),
    };
    file(inputs, vec![action], meta)
}

/// `onto` with everything of `tree` copied over it, stamped with `seconds` since 1970.
pub fn copy_tree(tree: &Output, onto: Option<&Output>, seconds: u64, meta: Meta) -> Output {
    let mut inputs = Inputs::default();
    let input = onto.map_or(-1, |output| inputs.add(output));
    let secondary_input = inputs.add(tree);
    let action = pb::FileAction {
        input,
        secondary_input,
        output: 0,
        action: Some(pb::file_action::Action::Copy(pb::FileActionCopy {
            src: "/".to_owned(),
            dest: "/".to_owned(),
            mode: -1,
            dir_copy_contents: true,
            create_dest_path: true,
            timestamp: i64::try_from(seconds)
                .unwrap_or(i64::MAX)
                .saturating_mul(1_000_000_000),
            ..pb::FileActionCopy::default()
        })),
    };
    file(inputs, vec![action], meta)
}

/// What is in the folder `folder` of `tree`, as a tree of its own.
pub fn scope(tree: &Output, folder: &str, meta: Meta) -> Output {
    let copy = pb::FileActionCopy {
        src: format!("/{}", folder.trim_matches('/')),
        dest: "/".to_owned(),
        mode: -1,
        dir_copy_contents: true,
        create_dest_path: true,
        timestamp: EPOCH,
        ..pb::FileActionCopy::default()
    };
    copy_once(tree, copy, meta)
}

/// What is in the archive at `path` of `tree`.
pub fn unpack(tree: &Output, path: &str, meta: Meta) -> Output {
    let copy = pb::FileActionCopy {
        src: format!("/{path}"),
        dest: "/".to_owned(),
        mode: -1,
        attempt_unpack_docker_compatibility: true,
        create_dest_path: true,
        timestamp: EPOCH,
        ..pb::FileActionCopy::default()
    };
    copy_once(tree, copy, meta)
}

fn copy_once(tree: &Output, copy: pb::FileActionCopy, meta: Meta) -> Output {
    let mut inputs = Inputs::default();
    let action = pb::FileAction {
        input: -1,
        secondary_input: inputs.add(tree),
        output: 0,
        action: Some(pb::file_action::Action::Copy(copy)),
    };
    file(inputs, vec![action], meta)
}

/// A tree with nothing but the files at `paths` of `tree`, at the same paths.
pub fn pick(tree: &Output, paths: &[String], meta: Meta) -> Output {
    let mut inputs = Inputs::default();
    let secondary_input = inputs.add(tree);
    let last = paths.len().saturating_sub(1);
    let actions = paths.iter().enumerate().map(|(index, path)| {
        let path = format!("/{}", path.trim_start_matches('/'));
        // Each action goes on from the one before: results are numbered after the one input.
        let previous = i64::try_from(index).unwrap_or(i64::MAX);
        pb::FileAction {
            input: if index == 0 { -1 } else { previous },
            secondary_input,
            output: if index == last { 0 } else { -1 },
            action: Some(pb::file_action::Action::Copy(pb::FileActionCopy {
                src: path.clone(),
                dest: path,
                mode: -1,
                follow_symlink: true,
                create_dest_path: true,
                timestamp: EPOCH,
                ..pb::FileActionCopy::default()
            })),
        }
    });
    let actions = actions.collect();
    file(inputs, actions, meta)
}
