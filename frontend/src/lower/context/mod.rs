//! Build contexts: the main one and those that the command line names.

mod git_address;
mod name;

use std::collections::{BTreeMap, BTreeSet};

use krunner::platform::Platform;
use krunner::report::redact;

pub use git_address::GitAddressError;
pub use name::ContextName;

use super::environment::platform as pb_platform;
use super::{Error, full_name};
use crate::llb::{self, Caps, Local, Meta, Output, pb};
use git_address::git_address;

/// The contexts of one build.
#[derive(Clone, Debug, Default)]
pub struct Contexts {
    /// The main context.
    pub main: Folder,
    /// What `--build-context NAME=VALUE` became.
    pub named: BTreeMap<ContextName, Named>,
    /// Graphs that the client gave, by the name in `input:NAME`.
    pub inputs: BTreeMap<String, pb::Definition>,
    /// The client's session.
    pub session: String,
    /// Sessions of single local folders, where several clients share a build.
    pub local_sessions: BTreeMap<String, String>,
    /// How images are looked up, if not as the engine does by itself: `pull` or `local`.
    pub resolve_mode: Option<String>,
    /// What the engine can do.
    pub caps: Caps,
}

/// One value of `--build-context`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The client's form of it.
    pub value: String,
    /// What tells the client's folders of one name apart.
    pub shared_key: String,
}

/// Files that a build can take.
#[derive(Clone, Debug)]
pub enum Folder {
    /// With the client, who sends those that are asked for.
    Client {
        /// The name by which the client offers the folder.
        name: String,
        /// Groups transfers of it.
        shared_key_hint: String,
    },
    /// In the engine, whole.
    Tree(Output),
}

impl Folder {
    /// The folder that the client offers under `name`.
    pub fn client(name: &str) -> Self {
        Self::Client {
            name: name.to_owned(),
            shared_key_hint: name.to_owned(),
        }
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::client("context")
    }
}

impl Contexts {
    /// The names that stand for an input, for any platform or for `platform`.
    pub fn names(&self, platform: Platform) -> BTreeSet<String> {
        let keys = self.named.keys();
        keys.filter(|key| key.platform.is_none_or(|of| of == platform))
            .map(|key| key.name.clone())
            .collect()
    }

    /// The tree of a named context. From a local folder only `paths` are sent, or all of it if there are none.
    pub fn tree(&self, name: &str, platform: Platform, paths: &[String]) -> Result<Output, Error> {
        let exact = ContextName {
            name: name.to_owned(),
            platform: Some(platform),
        };
        let any = ContextName {
            platform: None,
            ..exact.clone()
        };
        let mut given = [&exact, &any].into_iter();
        let (key, named) = given
            .find_map(|key| self.named.get_key_value(key))
            .ok_or_else(|| Error::NoContext(name.to_owned()))?;
        let hint = format!("context:{key}-{}", named.shared_key);
        let folder = self.folder(&key.to_string(), &named.value, &hint, platform)?;
        let meta = Meta::named(format!("[context {key}] load from client"));
        Ok(self.send(&folder, paths, meta))
    }

    /// The tree of the main context.
    pub fn main_tree(&self, paths: &[String]) -> Output {
        let meta = Meta::named("[internal] load build context");
        self.send(&self.main, paths, meta)
    }

    /// A folder as a tree. From the client come only `paths`, or all of it if there are none.
    pub fn send(&self, folder: &Folder, paths: &[String], meta: Meta) -> Output {
        match folder {
            Folder::Tree(tree) => tree.clone(),
            Folder::Client {
                name,
                shared_key_hint,
            } => {
                let session = self.local_sessions.get(name).unwrap_or(&self.session);
                let local = Local {
                    name: name.clone(),
                    session: session.clone(),
                    shared_key_hint: shared_key_hint.clone(),
                    follow_paths: paths.to_vec(),
                };
                local.output(meta)
            }
        }
    }

    /// What `value` stands for, given for the context `name`.
    pub fn folder(
        &self,
        name: &str,
        value: &str,
        shared_key_hint: &str,
        platform: Platform,
    ) -> Result<Folder, Error> {
        let unknown = || Error::ContextForm {
            name: name.to_owned(),
            value: redact(value),
        };
        if let Some(tree) = self.git(name, value, false)? {
            return Ok(Folder::Tree(tree));
        }
        let meta = |what: &str| Meta::named(format!("[context {name}] {what}"));
        let (scheme, rest) = value.split_once(':').ok_or_else(unknown)?;
        let bare = rest.trim_start_matches("//");
        let tree = match scheme {
            "local" => {
                return Ok(Folder::Client {
                    name: rest.to_owned(),
                    shared_key_hint: shared_key_hint.to_owned(),
                });
            }
            "input" => self.input(name, rest, platform)?,
            "docker-image" => llb::image(
                &full_name(bare)?,
                pb_platform(platform),
                self.resolve_mode.as_deref(),
                meta(bare),
            ),
            "oci-layout" => {
                let (store, digest) = bare.rsplit_once('@').ok_or_else(unknown)?;
                let store = store.split_once(':').map_or(store, |(store, _)| store);
                if store.is_empty() || digest.parse::<krunner::digest::Digest>().is_err() {
                    return Err(unknown());
                }
                // The engine wants the name of an image; only the digest counts.
                let reference = format!("docker.io/library/context@{digest}");
                let platform = pb_platform(platform);
                let meta = meta("load from client");
                llb::oci_layout(&reference, &self.session, store, platform, meta)
            }
            "http" | "https" => {
                let file_name = file_name(bare).ok_or_else(unknown)?;
                llb::http(value, None, file_name, meta(&redact(value)))
            }
            _ => return Err(unknown()),
        };
        Ok(Folder::Tree(tree))
    }

    /// The repository at `value`; `None` if that is no address of one.
    pub fn git(&self, name: &str, value: &str, keep: bool) -> Result<Option<Output>, Error> {
        let Some(git) = git_address(value) else {
            return Ok(None);
        };
        let mut git = git.map_err(|source| Error::GitAddress {
            name: name.to_owned(),
            source,
        })?;
        git.keep_git_folder |= keep;
        let meta = |what: &str| Meta::named(format!("[context {name}] {what}"));
        let load = meta(&redact(value));
        if git.folder.is_empty() || self.caps.has("source.git.subdir") {
            return Ok(Some(git.output(load)));
        }
        // Engines before 0.9 know no folders.
        let folder = std::mem::take(&mut git.folder);
        let scope = meta(&format!("take {folder}"));
        Ok(Some(llb::scope(&git.output(load), &folder, scope)))
    }

    fn input(&self, name: &str, input: &str, platform: Platform) -> Result<Output, Error> {
        let key = format!("{input}::{platform}");
        let definition = self.inputs.get(&key).or_else(|| self.inputs.get(input));
        let definition = definition.ok_or_else(|| Error::NoContext(input.to_owned()))?;
        graft(name, definition)
    }
}

/// The tree of a graph that the client gave under `name`.
pub fn graft(name: &str, definition: &pb::Definition) -> Result<Output, Error> {
    llb::graft(definition).map_err(|source| Error::Graft {
        name: name.to_owned(),
        source,
    })
}

fn file_name(address: &str) -> Option<&str> {
    let path = address.split(['?', '#']).next()?;
    let (_, last) = path.rsplit_once('/')?;
    (!last.is_empty() && last != "." && last != "..").then_some(last)
}
