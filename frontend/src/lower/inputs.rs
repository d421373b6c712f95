//! Inputs of one step: each becomes a read-only mount, and the path by which the step finds its bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use krunner::plan::{Input, Origin};
use krunner::platform::Platform;

use super::{Environment, Error};
use crate::llb::{self, Exec, Group, Http, Meta, Mount, Output};
use crate::tool::step::Bytes;

/// The one file in the tree of an input that stands in the spec itself.
const INLINE: &str = "/content";
/// Where downloads that are mounted as one are. Input names never start with `from-`, so nothing else is there.
const GATHERED: &str = "/in/from-network";

/// Collects what one step reads.
#[derive(Debug)]
pub(super) struct Inputs<'a> {
    environment: &'a Environment,
    stage: &'static str,
    /// Which variant of a context is meant.
    platform: Platform,
    group: Option<Group>,
    mounts: BTreeMap<String, Output>,
    /// Downloads that are mounted as one, by the names of their files.
    gathered: BTreeMap<String, Output>,
    /// Files of the main context, and of the named ones.
    picks: BTreeMap<Option<String>, BTreeSet<String>>,
}

impl<'a> Inputs<'a> {
    pub(super) fn new(
        environment: &'a Environment,
        stage: &'static str,
        platform: Platform,
    ) -> Self {
        Self {
            environment,
            stage,
            platform,
            group: None,
            mounts: BTreeMap::new(),
            gathered: BTreeMap::new(),
            picks: BTreeMap::new(),
        }
    }

    /// The same with all downloads shown as one, for all platforms together, since they share most of them; and mounted
    /// as one where the engine can: it looks every mount up for every tree that a step makes.
    pub(super) fn gathering(mut self, what: &str) -> Self {
        self.group = Some(Group {
            id: self.stage.to_owned(),
            name: format!("[{}] {what}", self.stage),
        });
        self
    }

    /// From here on, contexts are taken in their variant for `platform`.
    pub(super) fn set_platform(&mut self, platform: Platform) {
        self.platform = platform;
    }

    /// Mounts a finished tree.
    pub(super) fn tree(&mut self, name: &str, tree: &Output) -> PathBuf {
        let path = format!("/in/{name}");
        self.mounts.insert(path.clone(), tree.clone());
        path.into()
    }

    /// Mounts an input.
    pub(super) fn bytes(&mut self, input: &Input) -> Result<Bytes, Error> {
        let (path, sha256) = match &input.origin {
            Origin::Http {
                url,
                sha256,
                file_name,
                secret,
            } => {
                let mut meta = Meta::named(format!("[{}] download {file_name}", self.stage))
                    .at(self.environment.place(input.at.as_ref()));
                meta.group.clone_from(&self.group);
                let file = Http {
                    url,
                    sha256: Some(*sha256),
                    file_name,
                    secret: secret.as_deref(),
                };
                let file = file.output(meta);
                // The engine has checked the digest before the step starts.
                (self.download(&input.name, file_name, file), None)
            }
            Origin::Path { path, sha256 } => (self.pick(None, path), *sha256),
            Origin::Inline { content } => {
                let meta = Meta::named(format!("[internal] write {}", input.name));
                let data = content.clone().into_bytes();
                let file = llb::make_file(None, INLINE, 0o444, data, meta);
                let path = format!("{}{INLINE}", self.tree(&input.name, &file).display());
                (path.into(), None)
            }
            Origin::Context {
                context,
                path: Some(path),
                sha256,
            } => (self.pick(Some(context), path), *sha256),
            Origin::Context {
                context,
                path: None,
                sha256,
            } => {
                let tree = self
                    .environment
                    .contexts
                    .tree(context, self.platform, &[])?;
                (self.tree(&input.name, &tree), *sha256)
            }
        };
        // Without the line: a step must not run again because a line was added above.
        let name = input.name.clone();
        Ok(Bytes { name, path, sha256 })
    }

    /// Mounts a download, alone or with the others.
    fn download(&mut self, name: &str, file_name: &str, file: Output) -> PathBuf {
        let gathers = self.group.is_some() && self.environment.can_merge;
        if !gathers || self.gathered.contains_key(file_name) {
            return self.tree(name, &file).join(file_name);
        }
        self.gathered.insert(file_name.to_owned(), file);
        PathBuf::from(GATHERED).join(file_name)
    }

    fn pick(&mut self, context: Option<&str>, path: &str) -> PathBuf {
        let paths = self.picks.entry(context.map(str::to_owned)).or_default();
        paths.insert(path.to_owned());
        PathBuf::from(pick_dest(context)).join(path)
    }

    /// Adds the mounts to the process.
    pub(super) fn mount(mut self, mut exec: Exec) -> Result<Exec, Error> {
        let contexts = &self.environment.contexts;
        for (context, paths) in std::mem::take(&mut self.picks) {
            let paths: Vec<String> = paths.into_iter().collect();
            let (tree, name) = match &context {
                None => (contexts.main_tree(&paths), "context"),
                Some(name) => (contexts.tree(name, self.platform, &paths)?, name.as_str()),
            };
            // Only what the step reads may decide whether it runs again.
            let meta = Meta::named(format!("[context {name}] take {}", count(&paths)));
            let picked = llb::pick(&tree, &paths, meta);
            self.mounts.insert(pick_dest(context.as_deref()), picked);
        }
        let gathered: Vec<Output> = self.gathered.into_values().collect();
        let stage = self.stage;
        let meta = Meta::named(format!("[internal] gather downloads for {stage}"))
            .without_cache(self.environment.no_cache.covers(stage));
        if let Some(tree) = llb::merge(&gathered, meta) {
            self.mounts.insert(GATHERED.to_owned(), tree);
        }
        for (dest, tree) in self.mounts {
            exec = exec.mount(dest, Mount::Input(tree));
        }
        Ok(exec)
    }
}

fn count(paths: &[String]) -> String {
    match paths {
        [path] => path.clone(),
        paths => format!("{} files", paths.len()),
    }
}

/// Input names never start with `from-`, so nothing else is mounted there.
fn pick_dest(context: Option<&str>) -> String {
    match context {
        None => "/in/from-main".to_owned(),
        Some(name) => format!("/in/from-context-{name}"),
    }
}
