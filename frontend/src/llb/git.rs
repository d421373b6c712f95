//! Git: a commit of a repository as a source.

use std::collections::BTreeMap;

use super::source::source;
use super::vertex::{Meta, Output};

/// A commit of a repository, and how it is checked out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Git {
    /// The address that Git is given.
    pub remote: String,
    /// Host and path of that address. The cache knows the repository by them, however it is reached.
    pub repository: String,
    /// A branch, tag or commit; the default branch if empty.
    pub reference: String,
    /// The folder that is taken; all of it if empty.
    pub folder: String,
    /// The commit that it must be, or how that begins; any if empty.
    pub checksum: String,
    /// Whether the tree has a folder `.git`.
    pub keep_git_folder: bool,
    /// Whether modules in it stay empty.
    pub skip_modules: bool,
    /// Whether the checksum is the commit, whatever the reference names.
    pub fetch_by_commit: bool,
    /// `checkout` or `commit`: which time files get; the engine's choice if empty.
    pub time: String,
}

impl Git {
    /// The tree. Credentials are asked of the client, as for Dockerfiles.
    pub fn output(&self, meta: Meta) -> Output {
        let mut attrs = BTreeMap::from([
            ("git.authheadersecret", "GIT_AUTH_HEADER"),
            ("git.authtokensecret", "GIT_AUTH_TOKEN"),
            ("git.fullurl", &self.remote),
        ]);
        let mut caps = vec!["source.git", "source.git.fullurl", "source.git.httpauth"];
        let mut set = |condition: bool, key, value, cap| {
            if condition {
                attrs.insert(key, value);
                caps.push(cap);
            }
        };
        set(
            self.is_ssh(),
            "git.mountsshsock",
            "default",
            "source.git.mountsshsock",
        );
        set(
            self.keep_git_folder,
            "git.keepgitdir",
            "true",
            "source.git.keepgitdir",
        );
        set(
            !self.checksum.is_empty(),
            "git.checksum",
            &self.checksum,
            "source.git.checksum",
        );
        set(
            self.skip_modules,
            "git.skipsubmodules",
            "true",
            "source.git.skipsubmodules",
        );
        set(
            !self.time.is_empty(),
            "git.mtime",
            &self.time,
            "source.git.mtime",
        );
        set(
            self.fetch_by_commit,
            "git.fetchbycommit",
            "true",
            "source.git.fetchbycommit",
        );
        if !self.folder.is_empty() {
            caps.push("source.git.subdir");
        }
        let attrs = attrs.into_iter();
        let attrs = attrs.map(|(key, value)| (key.to_owned(), value.to_owned()));
        source(self.identifier(), attrs.collect(), None, caps, meta)
    }

    /// Whether it is reached by SSH, with the keys that the client offers.
    fn is_ssh(&self) -> bool {
        let scheme = self.remote.split_once("://");
        // What copies files takes an address without a scheme.
        scheme.is_none_or(|(scheme, _)| scheme == "ssh")
    }

    fn identifier(&self) -> String {
        let mut identifier = format!("git://{}", self.repository);
        if !self.reference.is_empty() || !self.folder.is_empty() {
            identifier.push('#');
            identifier.push_str(&self.reference);
        }
        if !self.folder.is_empty() {
            identifier.push(':');
            identifier.push_str(&self.folder);
        }
        identifier
    }
}
