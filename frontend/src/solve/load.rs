//! Loading: the spec, and the locks that it names, from where the client keeps them.

use std::collections::BTreeMap;
use std::sync::Arc;

use krunner::plan::Locks;
use krunner::report::Location;
use krunner::spec::{MAX_SPEC_BYTES, Spec};

use super::contexts::Layout;
use super::error::About;
use super::{Error, Files};
use crate::gateway::{Bridge, Options, Reference};
use crate::llb::{self, Meta, SourceFile, pb};
use crate::lower::{Contexts, Folder};

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

/// The name of a spec that nobody named.
const DEFAULT: &str = "krunner.toml";

/// Names that locks usually have (PEP 751), so that one transfer brings them along with the spec.
const USUAL_LOCKS: [&str; 2] = ["pylock*.toml", "*.pylock.toml"];

pub(super) async fn load(
    bridge: &Bridge,
    options: &Options,
    layout: &Layout,
) -> Result<Loaded, Error> {
    let names = names(options, layout);
    let asked = names.first().map_or(DEFAULT, String::as_str);
    let folder = Sender {
        bridge,
        contexts: &layout.contexts,
        name: format!("[internal] load build definition from {asked}"),
    };
    let mut paths = names.clone();
    let usual = USUAL_LOCKS.map(|lock| beside(asked, lock));
    paths.extend(usual);
    let tree = folder.send(&layout.spec, &paths).await?;
    let Some((file_name, text)) = tree.first(bridge, &names).await? else {
        return Err(Error::NoSpec(names.join("`, `")));
    };
    let mut files = Files::new();
    tree.keep(&mut files, &file_name, &text);
    let spec = Spec::parse(&file_name, &text)
        .map_err(|problems| About::files(&files).problems(problems))?;

    let mut locks = BTreeMap::new();
    let mut wanted: Vec<String> = spec.locks().into_iter().map(str::to_owned).collect();
    wanted = take(bridge, &tree, &file_name, wanted, &mut files, &mut locks).await?;
    if !wanted.is_empty() && layout.only.is_none() {
        // Locks of other names were not sent yet.
        paths.extend(wanted.iter().map(|lock| beside(&file_name, lock)));
        let tree = folder.send(&layout.spec, &paths).await?;
        wanted = take(bridge, &tree, &file_name, wanted, &mut files, &mut locks).await?;
    }
    if !wanted.is_empty() && layout.apart {
        // A spec that was given by itself has nothing beside it. What is missing even now, the plan reports.
        let tree = folder.send(&layout.contexts.main, &wanted).await?;
        take(bridge, &tree, "", wanted, &mut files, &mut locks).await?;
    }
    Ok(Loaded {
        spec,
        locks: Locks::parse(&locks),
        files,
        digest: tree.digest,
    })
}

/// The names that the spec may have: the one given, or, since clients make `Dockerfile` of none, ours.
fn names(options: &Options, layout: &Layout) -> Vec<String> {
    if let Some(only) = layout.only {
        return vec![only.to_owned()];
    }
    let given = options.get("filename").unwrap_or(DEFAULT);
    let mut names = vec![given.to_owned()];
    if given.rsplit('/').next() == Some("Dockerfile") {
        names.push(beside(given, DEFAULT));
    }
    names
}

/// `path`, which is relative to the file `name`, relative to the folder that both are in.
fn beside(name: &str, path: &str) -> String {
    match name.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{path}"),
        None => path.to_owned(),
    }
}

/// Reads the locks `wanted` beside `spec`; what is not there comes back.
async fn take(
    bridge: &Bridge,
    tree: &Tree,
    spec: &str,
    wanted: Vec<String>,
    files: &mut Files,
    locks: &mut BTreeMap<String, String>,
) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    for path in wanted {
        match tree.read(bridge, &beside(spec, &path)).await? {
            Some(text) => {
                tree.keep(files, &path, &text);
                locks.insert(path, text);
            }
            None => missing.push(path),
        }
    }
    Ok(missing)
}

/// Brings folders into the engine.
struct Sender<'a> {
    bridge: &'a Bridge,
    contexts: &'a Contexts,
    name: String,
}

impl Sender<'_> {
    async fn send(&self, folder: &Folder, paths: &[String]) -> Result<Tree, Error> {
        let meta = Meta::named(&self.name);
        let output = self.contexts.send(folder, paths, meta);
        let definition = llb::marshal(&output);
        let reference = self.bridge.solve(definition.clone()).await?;
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
    /// The first of several files that is there, with its name.
    async fn first(
        &self,
        bridge: &Bridge,
        names: &[String],
    ) -> Result<Option<(String, String)>, Error> {
        for name in names {
            if let Some(text) = self.read(bridge, name).await? {
                return Ok(Some((name.clone(), text)));
            }
        }
        Ok(None)
    }

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
