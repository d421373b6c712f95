//! Exec: a process in a container.

use super::pb;
use super::sandbox::Sandbox;
use super::vertex::{Inputs, Meta, Output, vertex};

/// Index of a mount that starts empty, and of one whose result nobody takes.
const NONE: i64 = -1;

/// A process and what it sees.
#[derive(Clone, Debug)]
pub struct Exec {
    /// The command line; the program is given by its absolute path.
    pub args: Vec<String>,
    /// `NAME=value`.
    pub env: Vec<String>,
    /// What the process runs on.
    pub platform: pb::Platform,
    /// What it can reach, and how much it can take.
    pub sandbox: Sandbox,
    mounts: Vec<(String, Mount)>,
}

/// One mount of a process.
#[derive(Clone, Debug)]
pub enum Mount {
    /// A tree that is only read.
    Input(Output),
    /// An empty folder whose contents are the result.
    Scratch,
    /// A tree which, with what the process changes, is the result.
    Layer(Output),
    /// Memory that is gone afterwards, of so many bytes, or as much as there is.
    Tmpfs(Option<i64>),
    /// A folder that stays between builds, and is shared by all processes that name it.
    Cache(String),
}

impl Exec {
    /// A process that has `root` as its file system, read-only.
    pub fn new(
        root: Output,
        platform: pb::Platform,
        args: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            args: args.into_iter().collect(),
            env: Vec::new(),
            platform,
            sandbox: Sandbox::default(),
            mounts: vec![("/".to_owned(), Mount::Input(root))],
        }
    }

    /// The same with one more mount.
    #[must_use]
    pub fn mount(mut self, dest: impl Into<String>, mount: Mount) -> Self {
        self.mounts.push((dest.into(), mount));
        self
    }

    /// The results, one for every [`Mount::Scratch`] and [`Mount::Layer`], sorted by path.
    pub fn outputs(mut self, meta: Meta) -> Vec<Output> {
        if let Some(size) = self.sandbox.shm_size {
            self = self.mount("/dev/shm", Mount::Tmpfs(Some(size)));
        }
        self.mounts.sort_by(|a, b| a.0.cmp(&b.0));
        let mut inputs = Inputs::default();
        let mut caps = vec!["exec.meta.base", "exec.meta.network", "exec.mount.bind"];
        let mut results = 0;
        let mounts = self
            .mounts
            .into_iter()
            .map(|(dest, mount)| encode(dest, mount, &mut inputs, &mut results, &mut caps))
            .collect();
        let network = self.sandbox.network.mode();
        let mut process = pb::Meta {
            args: self.args,
            env: self.env,
            cwd: "/".to_owned(),
            ..pb::Meta::default()
        };
        self.sandbox.surround(&mut process, &mut caps);
        let op = pb::op::Op::Exec(pb::ExecOp {
            meta: Some(process),
            mounts,
            network: network.into(),
            ..pb::ExecOp::default()
        });
        let vertex = vertex(op, inputs, Some(self.platform), caps, meta);
        (0..results)
            .map(|index| Output {
                vertex: vertex.clone(),
                index,
            })
            .collect()
    }
}

fn encode(
    dest: String,
    mount: Mount,
    inputs: &mut Inputs,
    results: &mut i64,
    caps: &mut Vec<&'static str>,
) -> pb::Mount {
    let mut encoded = pb::Mount {
        dest,
        input: NONE,
        output: NONE,
        ..pb::Mount::default()
    };
    match mount {
        Mount::Input(output) => {
            encoded.input = inputs.add(&output);
            encoded.readonly = true;
        }
        Mount::Scratch | Mount::Layer(_) => {
            if let Mount::Layer(output) = mount {
                encoded.input = inputs.add(&output);
            }
            encoded.output = *results;
            *results += 1;
        }
        Mount::Tmpfs(size) => {
            encoded.mount_type = pb::MountType::Tmpfs.into();
            encoded.tmpfs_opt = Some(pb::TmpfsOpt {
                size: size.unwrap_or_default(),
            });
            caps.push("exec.mount.tmpfs");
            if size.is_some() {
                caps.push("exec.mount.tmpfs.size");
            }
        }
        Mount::Cache(id) => {
            encoded.mount_type = pb::MountType::Cache.into();
            encoded.cache_opt = Some(pb::CacheOpt {
                id,
                sharing: pb::CacheSharingOpt::Shared.into(),
            });
            caps.extend(["exec.mount.cache", "exec.mount.cache.sharing"]);
        }
    }
    encoded
}
