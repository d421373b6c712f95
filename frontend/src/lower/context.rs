//! Build contexts: the main one and those that the command line names.

use std::collections::{BTreeMap, BTreeSet};

use krunner::platform::Platform;

use super::environment::platform as pb_platform;
use super::{Error, full_name};
use crate::llb::{self, Local, Meta, Output, pb};

/// The contexts of one build.
#[derive(Clone, Debug, Default)]
pub struct Contexts {
    /// The main context, in the same form as the values of `named`.
    pub main: String,
    /// What `--build-context NAME=VALUE` became: `NAME` or `NAME::PLATFORM`, and the client's form of `VALUE`.
    pub named: BTreeMap<String, String>,
    /// Graphs that the client gave, by the name in `input:NAME`.
    pub inputs: BTreeMap<String, pb::Definition>,
    /// The client's session.
    pub session: String,
    /// Sessions of single local folders, where several clients share a build.
    pub local_sessions: BTreeMap<String, String>,
    /// How images are looked up: `default`, `pull` or `local`.
    pub resolve_mode: Option<String>,
}

impl Contexts {
    /// The names that stand for an input, for any platform or for `platform`.
    pub fn names(&self, platform: Platform) -> BTreeSet<String> {
        self.named
            .keys()
            .filter_map(|key| match key.split_once("::") {
                None => Some(key.clone()),
                Some((name, of)) => (of.parse() == Ok(platform)).then(|| name.to_owned()),
            })
            .collect()
    }

    /// The tree of a named context. From a local folder only `paths` are sent, or all of it if there are none.
    pub fn tree(&self, name: &str, platform: Platform, paths: &[String]) -> Result<Output, Error> {
        let exact = self.named.get(&format!("{name}::{platform}"));
        let value = exact
            .or_else(|| self.named.get(name))
            .ok_or_else(|| Error::NoContext(name.to_owned()))?;
        self.open(name, value, platform, paths)
    }

    /// The tree of the main context.
    pub fn main_tree(&self, platform: Platform, paths: &[String]) -> Result<Output, Error> {
        self.open("context", &self.main, platform, paths)
    }

    /// A folder that the client offers under `name`.
    pub fn local(&self, name: &str, paths: &[String], meta: Meta) -> Output {
        let session = self.local_sessions.get(name).unwrap_or(&self.session);
        Local {
            name: name.to_owned(),
            session: session.clone(),
            shared_key_hint: name.to_owned(),
            follow_paths: paths.to_vec(),
        }
        .output(meta)
    }

    fn open(
        &self,
        name: &str,
        value: &str,
        platform: Platform,
        paths: &[String],
    ) -> Result<Output, Error> {
        let unknown = || Error::ContextForm {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let meta = |what: &str| Meta::named(format!("[context {name}] {what}"));
        let (scheme, rest) = value.split_once(':').ok_or_else(unknown)?;
        let bare = rest.trim_start_matches("//");
        match scheme {
            "local" => Ok(self.local(rest, paths, meta("load from client"))),
            "input" => {
                let key = format!("{rest}::{platform}");
                let definition = self.inputs.get(&key).or_else(|| self.inputs.get(rest));
                let definition = definition.ok_or_else(|| Error::NoContext(rest.to_owned()))?;
                llb::graft(definition).map_err(|source| Error::Graft {
                    name: name.to_owned(),
                    source,
                })
            }
            "docker-image" => Ok(llb::image(
                &full_name(bare)?,
                pb_platform(platform),
                self.resolve_mode.as_deref(),
                meta(bare),
            )),
            "oci-layout" => {
                let (store, digest) = bare.rsplit_once('@').ok_or_else(unknown)?;
                let store = store.split_once(':').map_or(store, |(store, _)| store);
                // The engine wants the name of an image; only the digest counts.
                let reference = format!("docker.io/library/context@{digest}");
                let platform = pb_platform(platform);
                let meta = meta("load from client");
                Ok(llb::oci_layout(
                    &reference,
                    &self.session,
                    store,
                    platform,
                    meta,
                ))
            }
            _ if is_git(value) => {
                let (url, fragment) = value.split_once('#').unwrap_or((value, ""));
                Ok(llb::git(url, fragment, meta(value)))
            }
            "http" | "https" => {
                let file_name = file_name(bare).ok_or_else(unknown)?;
                Ok(llb::http(value, None, file_name, meta(value)))
            }
            _ => Err(unknown()),
        }
    }
}

/// Whether an address is that of a Git repository.
pub(super) fn is_git(address: &str) -> bool {
    let bare = address.split('#').next().unwrap_or(address);
    bare.starts_with("git://")
        || bare.starts_with("git@")
        || bare.starts_with("ssh://")
        || bare.strip_suffix(".git").is_some()
}

fn file_name(address: &str) -> Option<&str> {
    let path = address.split(['?', '#']).next()?;
    let (_, last) = path.rsplit_once('/')?;
    (!last.is_empty() && last != "." && last != "..").then_some(last)
}
