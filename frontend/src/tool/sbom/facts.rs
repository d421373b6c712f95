//! What the trees say: licences, installed packages, sizes; and the digests of inputs that have none.

use std::fs::File;
use std::io;
use std::path::Path;

use krunner::digest::Digest;
use krunner::sbom::{Facts, Licence, Read, Tree};

use super::super::{Error, archive, ttyd};
use super::{Sbom, metadata, read};

/// Licences in which each component has a folder of its own below the stage's.
const GROUPS: [&str; 2] = ["wheels", "runtime"];

/// Reads the trees of a step.
pub(super) fn gather(step: &Sbom<'_>) -> Result<Facts, Error> {
    let mut facts = Facts {
        tool: concat!("krunner-frontend-", env!("CARGO_PKG_VERSION")).to_owned(),
        ..Facts::default()
    };
    for (layer, root) in step.trees {
        tree(layer, root, &mut facts).map_err(Error::out(root))?;
    }
    if let Some((ping, hangup)) = step.parts.keepalive {
        facts.patches = ttyd::patched(ping, hangup);
    }
    for input in step.unpinned {
        // An unpacked tree has no digest.
        let Ok(path) = archive::single_file(input) else {
            continue;
        };
        let name = path.file_name().unwrap_or_default();
        let file = name.to_string_lossy().into_owned();
        let sha256 = File::open(&path)
            .and_then(Digest::read)
            .map_err(Error::out(&path))?;
        facts.read.insert(input.name.clone(), Read { file, sha256 });
    }
    Ok(facts)
}

fn tree(layer: &str, root: &Path, facts: &mut Facts) -> io::Result<()> {
    let mut size = Tree::default();
    read::files(root, &mut |path, bytes| {
        size.files += 1;
        size.bytes += bytes;
        let Some(path) = path.to_str() else {
            return Ok(());
        };
        if let Some(below) = path.strip_prefix("licenses/") {
            let text = read::text(&root.join(path))?;
            let key = folder(below).to_owned();
            facts.licences.entry(key).or_default().push(Licence {
                path: path.to_owned(),
                text,
            });
        } else if is_metadata(path) {
            let text = read::text(&root.join(path))?;
            facts.installed.extend(metadata::installed(layer, &text));
        }
        Ok(())
    })?;
    facts.trees.insert(layer.to_owned(), size);
    Ok(())
}

/// The folder below `licenses` that belongs to one component.
pub(super) fn folder(below: &str) -> &str {
    let mut ends = below.match_indices('/').map(|(at, _)| at);
    let first = ends.next().unwrap_or(0);
    let end = if GROUPS.contains(&&below[..first]) {
        ends.next().unwrap_or(first)
    } else {
        first
    };
    &below[..end]
}

/// Whether a path is that of `METADATA` in a folder that installers find.
fn is_metadata(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["lib", python, "site-packages", info, "METADATA"] => {
            python.starts_with("python3.") && info.ends_with(".dist-info")
        }
        _ => false,
    }
}
