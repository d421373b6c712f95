//! Running: a step's orders, its mounts, and the process that follows them.

use super::environment::platform;
use super::inputs::Inputs;
use super::{Environment, Error};
use crate::llb::{self, Exec, Meta, Mount, Output};
use crate::tool::step::Step;
use krunner::digest::Digest;
use krunner::platform::Platform;

/// Where the step writes its tree.
pub(super) const OUT: &str = "/out";
/// Where our binary is in its image.
pub const BINARY: &str = "/krunner-frontend";
const ORDERS: &str = "/krunner";
/// Where a step that runs in another root finds our binary.
const PROGRAM: &str = "/krunner-program";

/// The root file system of a step.
#[derive(Debug)]
pub(super) enum Root<'a> {
    /// Our own program.
    Program,
    /// A tree with tools, in which cache folders stay between builds.
    Tools {
        tree: &'a Output,
        env: Vec<String>,
        /// Identity and path.
        caches: Vec<(String, String)>,
    },
}

/// The tree that `step` makes.
pub(super) fn run(
    environment: &Environment,
    build_platform: Platform,
    step: &Step,
    inputs: Inputs<'_>,
    root: Root<'_>,
    meta: Meta,
) -> Result<Output, Error> {
    // Pretty, because people read it when they look for why a step ran again.
    let json = serde_json::to_vec_pretty(step)?;
    // Engines look for an operation in their caches by its own digest and one input after the other: unlike steps should
    // not be taken for candidates because they differ in their inputs alone.
    let file = format!("step-{}.json", &Digest::of(&json).hex()[..12]);
    let orders = llb::make_file(
        &format!("/{file}"),
        0o444,
        json,
        Meta::named(format!("[internal] orders for {}", meta.name)),
    );
    let binary = match root {
        Root::Program => BINARY.to_owned(),
        Root::Tools { .. } => format!("{PROGRAM}{BINARY}"),
    };
    let args = [binary, "tool".to_owned(), format!("{ORDERS}/{file}")];
    let platform = platform(build_platform);
    let mut exec = match root {
        Root::Program => Exec::new(environment.program.clone(), platform, args),
        Root::Tools { tree, env, caches } => {
            let mut exec = Exec::new(tree.clone(), platform, args)
                .mount(PROGRAM, Mount::Input(environment.program.clone()));
            exec.env = env;
            for (id, path) in caches {
                exec = exec.mount(path, Mount::Cache(id));
            }
            exec
        }
    };
    exec.sandbox = environment.sandbox.clone();
    exec = exec
        .mount(ORDERS, Mount::Input(orders))
        .mount("/tmp", Mount::Tmpfs(None))
        .mount(OUT, Mount::Scratch);
    let outputs = inputs.mount(exec)?.outputs(meta);
    // There is exactly one writable mount.
    outputs.into_iter().next().ok_or(Error::NoStage("out"))
}
