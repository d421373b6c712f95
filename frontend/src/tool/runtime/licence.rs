//! The licences of a C runtime: those of the packages that its archives hold.

use std::path::{Path, PathBuf};

use super::{Error, Fault, Tree, Unpacked, names};

/// Links from one package's documents to another's that are followed.
const MOST_LINKS: usize = 4;

/// Copies the licence of every package whose documents are in `archive`.
pub(super) fn write(
    archive: &Unpacked<'_>,
    all: &[Unpacked<'_>],
    tree: &Tree,
) -> Result<(), Error> {
    let failed = |fault| Error::Runtime {
        input: archive.input.to_owned(),
        fault,
    };
    let packages: Vec<String> = names(&archive.documents()).collect();
    if packages.is_empty() {
        return Err(failed(Fault::NoDocuments));
    }
    for package in packages {
        let path = find(&package, archive, all).map_err(failed)?;
        let place = format!("licenses/runtime/{package}/copyright");
        let text = std::fs::read(&path).map_err(Error::out(&path))?;
        super::write(tree, &place, false, archive.input, &text)?;
    }
    Ok(())
}

/// Where the licence of a package is. Debian's packages of one source share their documents: all but one have a
/// link where the others have a folder, so that the licence may be in another archive.
fn find(package: &str, archive: &Unpacked<'_>, all: &[Unpacked<'_>]) -> Result<PathBuf, Fault> {
    let mut lies_in = package.to_owned();
    for _ in 0..MOST_LINKS {
        let mut next = None;
        for archive in std::iter::once(archive).chain(all) {
            let folder = archive.documents().join(&lies_in);
            let copyright = folder.join("copyright");
            if let Some(other) = linked(&folder).or_else(|| linked(&copyright)) {
                next = Some(other);
            } else if copyright.is_file() {
                return Ok(copyright);
            }
        }
        match next {
            Some(other) if other != lies_in => lies_in = other,
            _ => break,
        }
    }
    Err(Fault::Licence {
        package: package.to_owned(),
        lies_in,
    })
}

/// The package that a link leads to, in the folder of all packages' documents.
fn linked(path: &Path) -> Option<String> {
    let target = std::fs::read_link(path).ok()?;
    let mut parts = target.to_str()?.rsplit('/');
    let package = parts.find(|part| *part != "copyright")?;
    (!matches!(package, "" | "." | "..")).then(|| package.to_owned())
}
