//! A spec on disk, with the locks beside it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::report::{Problem, Problems};
use crate::spec::lock::MAX_LOCK_BYTES;
use crate::spec::{MAX_SPEC_BYTES, Spec};

/// The files that belong to one spec, by the names that people see.
#[derive(Debug)]
pub(super) struct SpecFile {
    path: PathBuf,
    /// The texts that were read, by name, for excerpts.
    pub(super) texts: BTreeMap<String, String>,
    /// The texts of the locks that were found, by the paths in the spec.
    pub(super) locks: BTreeMap<String, String>,
}

impl SpecFile {
    /// The spec at `path`, not yet read.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            texts: BTreeMap::new(),
            locks: BTreeMap::new(),
        }
    }

    /// What messages call the file.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Reads the spec and its locks. A lock that is not there is left to the planner, which knows the line.
    pub(super) fn read(&mut self) -> anyhow::Result<Spec> {
        let name = self.name();
        let Some(text) = read(&self.path, MAX_SPEC_BYTES)? else {
            let problem = Problem::new(None, format!("Spec was not found: `{name}`"))
                .with_hint("Give the path of a `krunner.toml`");
            return Err(Problems::from(problem).into());
        };
        self.texts.insert(name.clone(), text.clone());
        let spec = Spec::parse(&name, &text)?;
        for lock in spec.locks() {
            let path = self.beside(lock);
            if let Some(text) = read(&path, MAX_LOCK_BYTES)? {
                self.texts.insert(path.display().to_string(), text.clone());
                self.locks.insert(lock.to_owned(), text);
            }
        }
        Ok(spec)
    }

    /// Problems with the names that people see: the planner calls a lock as the spec does.
    pub(super) fn with_paths(&self, mut problems: Problems) -> Problems {
        for at in problems
            .0
            .iter_mut()
            .filter_map(|problem| problem.at.as_mut())
        {
            if at.file != self.name() {
                at.file = self.beside(&at.file).display().to_string();
            }
        }
        problems
    }

    fn beside(&self, lock: &str) -> PathBuf {
        match self.path.parent() {
            Some(folder) => folder.join(lock),
            None => PathBuf::from(lock),
        }
    }
}

/// The text of a file, or `None` if there is none. One byte over the limit is read, for the parser to refuse.
fn read(path: &Path, limit: usize) -> anyhow::Result<Option<String>> {
    let name = path.display();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("Cannot open `{name}`")),
    };
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("Cannot read `{name}`"))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        // The cut at the limit may have split a character; size is what is wrong then.
        Err(error) if error.as_bytes().len() > limit => {
            Ok(Some(String::from_utf8_lossy(error.as_bytes()).into_owned()))
        }
        Err(_) => {
            let problem = Problem::new(None, format!("Not a text in UTF-8: `{name}`"));
            Err(Problems::from(problem).into())
        }
    }
}
