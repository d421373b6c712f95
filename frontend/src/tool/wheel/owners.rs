//! Which wheel writes which path. Found out before anything is written, so that the message is the same however the
//! threads run, and because packages may go into trees that know nothing of each other.

use std::collections::BTreeMap;

use super::layout::Layout;
use super::prepare::Prepared;
use super::{Error, Fault, licence};
use crate::tool::bytecode;

/// The inputs by the path that each writes. With `compiled`, modules have bytecode beside them.
pub(super) fn owners(
    wheels: &[Prepared],
    layout: &Layout,
    compiled: bool,
) -> Result<BTreeMap<String, String>, Error> {
    let mut owners = BTreeMap::new();
    for wheel in wheels {
        for path in paths(wheel, layout, compiled) {
            if let Some(other) = owners.insert(path.clone(), wheel.input.clone()) {
                return Err(refused(&wheel.input, path, Fault::Conflict(other)));
            }
        }
    }
    for (path, input) in &owners {
        let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        if let Some(other) = folders.find_map(|folder| owners.get(folder)) {
            let fault = Fault::NotAFolder(other.clone());
            return Err(refused(input, path.clone(), fault));
        }
    }
    Ok(owners)
}

/// All files that a wheel brings, and those that are made for it.
fn paths(wheel: &Prepared, layout: &Layout, compiled: bool) -> Vec<String> {
    let mut paths: Vec<String> = wheel.places().map(|place| place.to_string()).collect();
    if compiled {
        let modules = paths.iter();
        let cached: Vec<_> = modules
            .filter_map(|path| bytecode::cached(path, layout.minor()))
            .collect();
        paths.extend(cached);
    }
    let info = format!("{}/{}", layout.site_packages, wheel.dist_info);
    paths.extend(["INSTALLER", "RECORD"].map(|name| format!("{info}/{name}")));
    paths.extend(licence::places(wheel));
    paths
}

fn refused(input: &str, file: String, fault: Fault) -> Error {
    Error {
        input: input.to_owned(),
        file: Some(file),
        fault,
    }
}
