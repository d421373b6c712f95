//! The sbom step: the bill of materials of finished trees, which are only read.

mod facts;
mod metadata;
mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use krunner::sbom::{self, Parts};

use super::step::Bytes;
use super::{Error, normalise};

/// What the step is told, without where it writes.
#[derive(Debug)]
pub(super) struct Sbom<'a> {
    pub(super) parts: &'a Parts,
    pub(super) trees: &'a BTreeMap<String, PathBuf>,
    pub(super) unpinned: &'a [Bytes],
    pub(super) epoch: u64,
}

pub(super) fn run(step: &Sbom<'_>, out: &Path) -> Result<(), Error> {
    let facts = facts::gather(step)?;
    let document = sbom::document(step.parts, &facts);
    let faults = sbom::check(&document);
    if !faults.is_empty() {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        return Err(Error::Sbom(lines.join("\n")));
    }
    let path = out.join(sbom::FILE);
    std::fs::create_dir_all(out).map_err(Error::out(out))?;
    std::fs::write(&path, document.to_json()).map_err(Error::out(&path))?;
    Ok(normalise::stamp(out, step.epoch)?)
}

#[cfg(test)]
mod tests;
