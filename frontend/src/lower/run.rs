//! Running: a step's orders, its mounts, and the process that follows them.

use std::collections::{BTreeMap, BTreeSet};

use super::environment::platform;
use super::inputs::Inputs;
use super::own::Owner;
use super::{Environment, Error};
use crate::llb::{self, Exec, Meta, Mount, Output};
use crate::tool::step::Step;
use krunner::platform::Platform;

/// Where the step writes its tree; of several trees, the folder above them.
pub(super) const OUT: &str = "/out";
/// Where our binary is in its image.
pub const BINARY: &str = "/krunner-frontend";
const ORDERS: &str = "/krunner";
const ORDERS_FILE: &str = "step.json";
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

/// Runs the steps of one owner.
#[derive(Debug)]
pub(super) struct Runner<'a> {
    environment: &'a Environment,
    build_platform: Platform,
    program: Output,
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        environment: &'a Environment,
        build_platform: Platform,
        owner: Owner,
    ) -> Self {
        Self {
            environment,
            build_platform,
            program: owner.own(&environment.program, "krunner"),
        }
    }

    /// The tree that `step` makes in [`OUT`].
    pub(super) fn run(
        &self,
        step: &Step,
        inputs: Inputs<'_>,
        root: Root<'_>,
        meta: Meta,
    ) -> Result<Output, Error> {
        let outs = [OUT.to_owned()].into();
        let mut outputs = self.run_each(step, outs, inputs, root, meta)?;
        outputs.remove(OUT).ok_or(Error::NoStage("out"))
    }

    /// The trees that `step` makes in one run, by the folder of `outs` that each of them has to itself.
    pub(super) fn run_each(
        &self,
        step: &Step,
        outs: BTreeSet<String>,
        inputs: Inputs<'_>,
        root: Root<'_>,
        meta: Meta,
    ) -> Result<BTreeMap<String, Output>, Error> {
        let orders = llb::make_file(
            None,
            &format!("/{ORDERS_FILE}"),
            0o444,
            // Pretty, because people read it when they look for why a step ran again.
            serde_json::to_vec_pretty(step)?,
            Meta::named(format!("[internal] orders for {}", meta.name)),
        );
        let mut exec = self.exec(root);
        exec.sandbox = self.environment.sandbox.clone();
        exec = exec
            .mount(ORDERS, Mount::Input(orders))
            .mount("/tmp", Mount::Tmpfs(None));
        for out in &outs {
            exec = exec.mount(out, Mount::Scratch);
        }
        let outputs = inputs.mount(exec)?.outputs(meta);
        // Nothing else is writable, and both are sorted by path.
        Ok(outs.into_iter().zip(outputs).collect())
    }

    fn exec(&self, root: Root<'_>) -> Exec {
        let platform = platform(self.build_platform);
        let args = |binary| [binary, "tool".to_owned(), format!("{ORDERS}/{ORDERS_FILE}")];
        match root {
            Root::Program => Exec::new(self.program.clone(), platform, args(BINARY.to_owned())),
            Root::Tools { tree, env, caches } => {
                let args = args(format!("{PROGRAM}{BINARY}"));
                let mut exec = Exec::new(tree.clone(), platform, args)
                    .mount(PROGRAM, Mount::Input(self.program.clone()));
                exec.env = env;
                for (id, path) in caches {
                    exec = exec.mount(path, Mount::Cache(id));
                }
                exec
            }
        }
    }
}
