//! The base step: mount points, further files, and the distribution's licence.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::path::EntryPath;
use super::tree::{Links, Tree};
use super::wheel::is_licence;
use super::{Error, archive, gates, normalise, step};

/// What the base step is told, without where it writes.
#[derive(Debug)]
pub(super) struct Base<'a> {
    pub(super) mount_points: &'a [String],
    pub(super) files: &'a [step::File],
    pub(super) python: &'a Path,
    pub(super) gates: Option<&'a step::Gates>,
    pub(super) epoch: u64,
}

/// Bits that a file may have: nothing runs with another's rights out of a volume.
const MODE: u32 = 0o777;

pub(super) fn run(step: &Base<'_>, out: &Path) -> Result<(), Error> {
    let tree = Tree::create(out, Links::Inside).map_err(Error::out(out))?;
    let owner: Arc<str> = "mount_points".into();
    for folder in step.mount_points {
        let failed = |refusal| Error::refused("mount_points", folder, refusal);
        let path = EntryPath::parse(folder.as_bytes()).map_err(failed)?;
        tree.folder(&path, &owner).map_err(failed)?;
    }
    for file in step.files {
        let name = file.source.name.as_str();
        let failed = |refusal| Error::refused(name, &file.path, refusal);
        let path = EntryPath::parse(file.path.as_bytes()).map_err(failed)?;
        let source = archive::single_file(&file.source)?;
        let mut source = File::open(&source).map_err(|error| failed(error.into()))?;
        tree.file(&path, false, &name.into(), &mut source)
            .map_err(failed)?;
    }
    licences(step.python, &tree)?;
    tree.finish().map_err(Error::at("base"))?;
    normalise::stamp(out, step.epoch)?;
    for file in step.files {
        let path = out.join(&file.path);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(file.mode & MODE))
            .map_err(Error::out(&path))?;
    }
    if let Some(gates) = step.gates {
        gates::check(gates, out)?;
    }
    Ok(())
}

/// Copies the distribution's licences to `licenses/python`.
fn licences(python: &Path, tree: &Tree) -> Result<(), Error> {
    let mut found = Vec::new();
    for folder in places(python) {
        let whole = folder.file_name().is_some_and(|name| name == "licenses");
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_file() && (whole || is_licence(&name)) {
                found.push((name, entry.path()));
            }
        }
    }
    found.sort();
    // The same licence may lie in several of the places.
    found.dedup_by(|(name, _), (other, _)| name == other);
    if found.is_empty() {
        return Err(Error::NoPythonLicence(python.to_owned()));
    }
    let owner: Arc<str> = "python".into();
    for (name, path) in found {
        let failed = |refusal| Error::refused("python", &name, refusal);
        let place = format!("licenses/python/{name}");
        let place = EntryPath::parse(place.as_bytes()).map_err(failed)?;
        let mut source = File::open(path).map_err(|error| failed(error.into()))?;
        tree.file(&place, false, &owner, &mut source)
            .map_err(failed)?;
    }
    Ok(())
}

/// Where distributions keep their licences.
fn places(python: &Path) -> Vec<PathBuf> {
    let mut places = vec![python.to_owned(), python.join("licenses")];
    for entry in std::fs::read_dir(python.join("lib"))
        .into_iter()
        .flatten()
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with("python3.") {
            places.push(entry.path());
        }
    }
    places
}
