//! Loading: the spec, and the locks that it names, from where the client keeps them.

use std::collections::BTreeMap;
use std::sync::Arc;

use krunner::plan::Locks;
use krunner::report::Location;
use krunner::spec::{MAX_SPEC_BYTES, Spec};

use super::error::About;
use super::{Error, Files};
use crate::gateway::{Bridge, Options, Reference};
use crate::llb::{self, Meta, SourceFile, pb};
use crate::lower::Contexts;

/// What was read.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) spec: Spec,
    pub(super) locks: Locks,
    /// All of them, for quoting.
    pub(super) files: Files,
    /// The operation that brought the spec, at which warnings are shown.
    pub(super) digest: String,
}

impl Loaded {
    /// Where the spec speaks of each stage.
    pub(super) fn stages(&self) -> BTreeMap<&'static str, Location> {
        let spec = &self.spec;
        [
            ("runtime", spec.at_key(["runtime"])),
            ("python", spec.at_key(["python"])),
            ("wheels", spec.at_key(["wheels"])),
            ("toolchain", spec.at_key(["ttyd", "toolchain"])),
            ("ttyd", spec.at_key(["ttyd"])),
            ("base", spec.at_key(["volume"])),
        ]
        .into()
    }
}

/// Names that locks usually have (PEP 751), so that one transfer brings them along with the spec.
const USUAL_LOCKS: [&str; 2] = ["pylock*.toml", "*.pylock.toml"];

pub(super) async fn load(
    bridge: &Bridge,
    options: &Options,
    contexts: &Contexts,
) -> Result<Loaded, Error> {
    let file_name = options.get("filename").unwrap_or("krunner.toml");
    let folder = Folder::new(options, contexts, file_name);
    let mut paths = vec![file_name.to_owned()];
    paths.extend(USUAL_LOCKS.map(str::to_owned));
    let mut tree = folder.open(bridge, &paths).await?;
    let Some(text) = tree.read(bridge, file_name).await? else {
        return Err(Error::NoSpec(file_name.to_owned()));
    };
    let mut files = Files::new();
    tree.keep(&mut files, file_name, &text);
    let spec = Spec::parse(file_name, &text)
        .map_err(|problems| About::files(&files).problems(problems))?;

    let mut locks = BTreeMap::new();
    let mut missing = Vec::new();
    let wanted: Vec<String> = spec.locks().into_iter().map(str::to_owned).collect();
    for path in &wanted {
        match tree.read(bridge, path).await? {
            Some(text) => {
                tree.keep(&mut files, path, &text);
                locks.insert(path.clone(), text);
            }
            None => missing.push(path.clone()),
        }
    }
    if !missing.is_empty() {
        // Locks of other names were not sent yet. What is still missing then, the plan reports.
        paths.extend(missing.iter().cloned());
        tree = folder.open(bridge, &paths).await?;
        for path in missing {
            if let Some(text) = tree.read(bridge, &path).await? {
                tree.keep(&mut files, &path, &text);
                locks.insert(path, text);
            }
        }
    }
    Ok(Loaded {
        spec,
        locks: Locks::parse(&locks),
        files,
        digest: tree.digest,
    })
}

/// Where the spec lies.
struct Folder<'a> {
    contexts: &'a Contexts,
    /// The client's name of a local folder; none if the spec comes with a remote context.
    local: Option<String>,
    name: String,
}

impl<'a> Folder<'a> {
    fn new(options: &Options, contexts: &'a Contexts, file_name: &str) -> Self {
        let key = options.get("dockerfilekey");
        let remote = !contexts.main.starts_with("local:");
        let local = match key {
            Some(key) => Some(key.to_owned()),
            None if remote => None,
            None => Some("dockerfile".to_owned()),
        };
        Self {
            contexts,
            local,
            name: format!("[internal] load build definition from {file_name}"),
        }
    }

    async fn open(&self, bridge: &Bridge, paths: &[String]) -> Result<Tree, Error> {
        let output = match &self.local {
            Some(local) => self.contexts.local(local, paths, Meta::named(&self.name)),
            None => self
                .contexts
                .main_tree(krunner::platform::Platform::AMD64, paths)?,
        };
        let definition = llb::marshal(&output);
        let reference = bridge.solve(definition.clone()).await?;
        Ok(Tree {
            reference,
            digest: output.digest().to_owned(),
            definition,
        })
    }
}

/// The folder as it was sent.
struct Tree {
    reference: Reference,
    digest: String,
    definition: pb::Definition,
}

impl Tree {
    /// The text of a file, if there is one.
    async fn read(&self, bridge: &Bridge, path: &str) -> Result<Option<String>, Error> {
        let bytes = match bridge.read_file(&self.reference, path).await {
            Err(error) if error.is_not_found() => return Ok(None),
            other => other?,
        };
        let text = String::from_utf8(bytes).map_err(|_| Error::NotText(path.to_owned()))?;
        Ok(Some(text))
    }

    /// Keeps a file for quoting it. A lock is longer than what errors can carry along; its excerpt is
    /// cut out by the client, so it must be whole, or left out.
    fn keep(&self, files: &mut Files, path: &str, text: &str) {
        if text.len() <= MAX_SPEC_BYTES {
            let file = SourceFile {
                name: path.to_owned(),
                data: text.as_bytes().to_vec(),
                definition: Some(self.definition.clone()),
            };
            files.insert(path.to_owned(), Arc::new(file));
        }
    }
}
