//! Every module has bytecode that is used as it is.
//!
//! A volume is mounted read-only, so that a module without valid bytecode is compiled anew in every container.
//! "Unchecked hash" is the form that no clock can invalidate: Python takes it without looking at the source's time.

mod hash;
mod header;

use std::collections::BTreeMap;
use std::fs;

use self::header::{Bytecode, magic};
use super::{Report, Volume};
use crate::audit::closure::base;
use crate::audit::python::Python;
use crate::audit::tree::{Entry, Kind};

/// More than any module has.
const LARGEST: u64 = 32 << 20;

const COMPILE: &str = "give `[runtime]`, and all is compiled when the volume is built; else each container does it at each start";

/// What can be wrong with a module's bytecode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Missing,
    /// Of another Python, or cut off.
    Foreign,
    /// Made from another source.
    OtherSource,
    /// Valid only while the source has the time and size that it has now.
    Timestamp,
    /// As above, and already invalid.
    Stale,
    /// Valid, and the source is read and hashed at each import all the same.
    Checked,
}

impl Fault {
    fn words(self) -> &'static str {
        match self {
            Self::Missing => "have no bytecode",
            Self::Foreign => "have bytecode of another Python",
            Self::OtherSource => "have bytecode of another source",
            Self::Timestamp => "have bytecode that depends on the source's time",
            Self::Stale => "have bytecode that is out of date",
            Self::Checked => "have bytecode that is checked against the source at each import",
        }
    }
}

/// The modules of one top folder.
#[derive(Debug, Default)]
struct Package<'a> {
    modules: usize,
    /// How many modules have the fault, and the first one.
    faults: BTreeMap<Fault, (usize, &'a str)>,
}

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    let Some(python) = &volume.python else {
        return;
    };
    let site = python.site_packages();
    let mut packages = BTreeMap::<String, Package<'_>>::new();
    for (file, entry) in volume.tree.below(python.library) {
        if file.strip_suffix(".py").is_none() || !matches!(entry.kind, Kind::File(_)) {
            continue;
        }
        let package = packages
            .entry(top(file, python.library, &site))
            .or_default();
        package.modules += 1;
        if let Some(fault) = fault(volume, python, file, entry) {
            package.faults.entry(fault).or_insert((0, file)).0 += 1;
        }
    }
    for (folder, package) in packages {
        for (fault, (count, first)) in package.faults {
            let message = format!(
                "{count} of {} modules {}, such as `{}`",
                package.modules,
                fault.words(),
                base(first)
            );
            // Code that differs from its source is a fault in any volume.
            if volume.profile.bytecode || fault == Fault::OtherSource {
                report.error(&folder, message, COMPILE);
            } else {
                report.warning(&folder, message, COMPILE);
            }
        }
    }
}

/// The folder that a module's findings are gathered under: the package, or where single modules lie.
fn top(file: &str, library: &str, site: &str) -> String {
    let root = if file
        .strip_prefix(site)
        .is_some_and(|rest| rest.starts_with('/'))
    {
        site
    } else {
        library
    };
    match file[root.len() + 1..].split_once('/') {
        Some((package, _)) => format!("{root}/{package}"),
        None => root.to_owned(),
    }
}

fn fault(volume: &Volume<'_>, python: &Python<'_>, file: &str, source: &Entry) -> Option<Fault> {
    let (folder, name) = file.rsplit_once('/')?;
    let stem = name.strip_suffix(".py")?;
    let place = format!("{folder}/__pycache__/{stem}.cpython-3{}.pyc", python.minor);
    let Some((_, entry)) = volume.tree.find_file(&place, &volume.profile.prefix) else {
        return Some(Fault::Missing);
    };
    let Some(bytecode) = Bytecode::read(&entry.path) else {
        return Some(Fault::Foreign);
    };
    if magic(python.minor).is_some_and(|magic| magic != bytecode.magic()) {
        return Some(Fault::Foreign);
    }
    match bytecode {
        Bytecode::Time { modified, size, .. } => {
            // Python keeps the low 32 bits of both.
            let same = i64::from(modified) == source.modified & 0xffff_ffff
                && u64::from(size) == source.size & 0xffff_ffff;
            Some(if same { Fault::Timestamp } else { Fault::Stale })
        }
        Bytecode::Hash { checked: true, .. } => Some(Fault::Checked),
        Bytecode::Hash { magic, hash, .. } => {
            let known = python.minor >= hash::OLDEST && source.size <= LARGEST;
            let source = known.then(|| fs::read(&source.path).ok()).flatten();
            let differs = source.is_some_and(|source| hash::of(&source, magic) != hash);
            differs.then_some(Fault::OtherSource)
        }
    }
}
