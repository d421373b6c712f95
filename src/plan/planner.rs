//! What all parts of planning share: the spec, the request, and the problems found so far.

use super::{Input, Locks, Origin, Request};
use crate::digest::Digest;
use crate::report::{Location, Problem, Problems};
use crate::spec::arguments::{self, Part};
use crate::spec::{KeyPath, Source, Spec, url};

/// The one context that holds every wheel by its file name.
const WHEELHOUSE: &str = "wheelhouse";

#[derive(Debug)]
pub(super) struct Planner<'a> {
    pub(super) spec: &'a Spec,
    pub(super) locks: &'a Locks,
    pub(super) request: &'a Request,
    pub(super) problems: Problems,
}

impl Planner<'_> {
    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.0.push(problem);
    }

    /// `text` with arguments put in.
    pub(super) fn text(&mut self, text: &str, path: &KeyPath) -> Option<String> {
        // The spec was checked, so what does not parse cannot come here; it would stand for itself.
        let parts = arguments::parts(text).unwrap_or_else(|_| vec![Part::Text(text)]);
        let mut whole = Some(String::with_capacity(text.len()));
        for part in parts {
            let part = match part {
                Part::Text(text) => Some(text.to_owned()),
                Part::Argument(name) => self.argument(name, path),
            };
            whole = whole.zip(part).map(|(whole, part)| whole + &part);
        }
        whole
    }

    fn argument(&mut self, name: &str, path: &KeyPath) -> Option<String> {
        let declared = self.spec.document().args.get(name);
        let default = declared.and_then(|arg| arg.default());
        let given = self.request.args.get(name).map(String::as_str);
        if let Some(value) = given.or(default) {
            return Some(value.to_owned());
        }
        let mut hint = format!("Give it: `--build-arg {name}=…`");
        if let Some(description) = declared.and_then(|arg| arg.description()) {
            hint = format!("{hint} ({description})");
        }
        let at = self.spec.at(path);
        let message = format!("Argument without a value: `{name}`");
        self.problem(Problem::new(Some(at), message).with_hint(hint));
        None
    }

    /// The input `name` that `source`, standing at `path`, asks for.
    pub(super) fn input(&mut self, name: String, source: &Source, path: &KeyPath) -> Option<Input> {
        let at = self.spec.at(path);
        if let Some(input) = self.replaced(&name, &at) {
            return Some(input);
        }
        let sha256 = source.sha256.as_deref();
        let sha256 = sha256.and_then(|sha256| Digest::parse_hex(sha256).ok());
        let origin = match (&source.url, &source.path, &source.context, sha256) {
            (Some(url), _, _, Some(sha256)) => self.http(url, sha256, &path.with("url"))?,
            (None, Some(path), _, sha256) => Origin::Path {
                path: path.clone(),
                sha256,
            },
            (None, None, Some(context), sha256) => {
                if !self.request.contexts.contains(context) {
                    let at = self.spec.at(path.with("context"));
                    let message = format!("Context was not given: `{context}`");
                    let hint = format!("Give it: `--build-context {context}=FOLDER`");
                    self.problem(Problem::new(Some(at), message).with_hint(hint));
                    return None;
                }
                Origin::Context {
                    context: context.clone(),
                    path: None,
                    sha256,
                }
            }
            // Checked specs have one place, and a digest with every address.
            _ => return None,
        };
        Some(Input {
            name,
            origin,
            at: Some(at),
        })
    }

    /// The input `name` from the context of the same name, if the command line gave one.
    pub(super) fn replaced(&self, name: &str, at: &Location) -> Option<Input> {
        // Clients take no upper case in names of contexts.
        let names = [name.to_owned(), name.to_lowercase()];
        let mut names = names.into_iter();
        let context = names.find(|name| self.request.contexts.contains(name))?;
        Some(Input {
            name: name.to_owned(),
            origin: Origin::Context {
                context,
                path: None,
                sha256: None,
            },
            at: Some(at.clone()),
        })
    }

    /// A wheel from the context that holds them all, if the command line gave it.
    pub(super) fn in_wheelhouse(&self, file_name: &str, sha256: Digest) -> Option<Origin> {
        let given = self.request.contexts.contains(WHEELHOUSE);
        given.then(|| Origin::Context {
            context: WHEELHOUSE.to_owned(),
            path: Some(file_name.to_owned()),
            sha256: Some(sha256),
        })
    }

    /// A file at an address, with the secret that its host asks for.
    pub(super) fn download(&self, url: String, sha256: Digest, file_name: String) -> Origin {
        let auth = &self.spec.document().auth;
        Origin::Http {
            secret: auth.get(&url::authority(&url)).cloned(),
            url,
            sha256,
            file_name,
        }
    }

    fn http(&mut self, url: &str, sha256: Digest, path: &KeyPath) -> Option<Origin> {
        let url = self.text(url, path)?;
        match url::file_name(&url) {
            Ok(file_name) => Some(self.download(url, sha256, file_name)),
            Err(error) => {
                let at = self.spec.at(path);
                self.problem(Problem::new(Some(at), error.to_string()));
                None
            }
        }
    }
}
