//! Every component has its licence.

use std::collections::BTreeSet;

use super::{Report, Volume};
use crate::audit::closure::base;
use crate::audit::profile::RUNTIME;
use crate::audit::tree::Kind;

/// How licence files begin, in capitals.
const STEMS: [&str; 6] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "THIRD",
];
/// How the packages are called that each part of a C runtime comes in.
const PACKAGES: [(&str, &[&str]); 4] = [
    ("libstdc++", &["libstdc", "gcc"]),
    ("libgcc_s", &["libgcc", "gcc"]),
    ("ld-linux", &["libc6", "glibc", "libc-"]),
    ("lib", &["libc6", "glibc", "libc-"]),
];

const HINT: &str = "put its licence files into `licenses`, or take a package that has them";

pub(super) fn check(volume: &Volume<'_>, report: &mut Report<'_>) {
    let licences = Licences::of(volume);
    if let Some(python) = &volume.python {
        let own = volume.tree.below(python.library).any(|(name, _)| {
            is_licence(base(name)) && name.len() == python.library.len() + 1 + base(name).len()
        });
        if !own && !licences.has("python") && !licences.has("cpython") {
            report.error(
                python.library,
                "Python's own licence is not in the volume",
                HINT,
            );
        }
        packages(volume, &python.site_packages(), &licences, report);
    }
    if volume.tree.get("bin/ttyd").is_some() && !licences.has("ttyd") {
        report.error("bin/ttyd", "The licence of ttyd is not in the volume", HINT);
    }
    runtime(volume, &licences, report);
}

/// The installed packages.
fn packages(volume: &Volume<'_>, site: &str, licences: &Licences, report: &mut Report<'_>) {
    let infos: BTreeSet<&str> = volume
        .tree
        .below(site)
        .filter_map(|(name, _)| name[site.len() + 1..].split('/').next())
        .filter(|folder| folder.ends_with(".dist-info"))
        .collect();
    for info in infos {
        let folder = format!("{site}/{info}");
        let own = volume.tree.below(&folder).any(|(name, entry)| {
            let below = &name[folder.len() + 1..];
            matches!(entry.kind, Kind::File(_))
                && (below.starts_with("licenses/") || is_licence(base(below)))
        });
        let package = normal(info.split('-').next().unwrap_or(info));
        if !own && !licences.has(&package) {
            report.error(
                &folder,
                format!("The licence of `{package}` is not in the volume"),
                HINT,
            );
        }
    }
}

/// The C runtime that the volume brings.
fn runtime(volume: &Volume<'_>, licences: &Licences, report: &mut Report<'_>) {
    for (file, entry) in volume.tree.below(RUNTIME) {
        if !matches!(entry.kind, Kind::File(_)) {
            continue;
        }
        let packages = PACKAGES
            .iter()
            .find(|(stem, _)| base(file).starts_with(stem));
        let Some((_, packages)) = packages else {
            continue;
        };
        if !packages.iter().any(|package| licences.begins(package)) {
            report.error(
                file,
                format!("The licence of `{}` is not in the volume", base(file)),
                HINT,
            );
        }
    }
}

/// The components that `licenses` has something of: folders with a file in them, and what `LICENSE.NAME` names.
struct Licences(BTreeSet<String>);

impl Licences {
    fn of(volume: &Volume<'_>) -> Self {
        let mut names = BTreeSet::new();
        for (name, entry) in volume.tree.below("licenses") {
            if !matches!(entry.kind, Kind::File(_)) {
                continue;
            }
            names.extend(name.split('/').rev().skip(1).map(normal));
            if let Some((stem, rest)) = base(name).split_once(['.', '-', '_'])
                && is_licence(stem)
            {
                let known = [".txt", ".md", ".rst"]
                    .iter()
                    .find_map(|end| rest.strip_suffix(end));
                names.insert(normal(known.unwrap_or(rest)));
            }
        }
        Self(names)
    }

    fn has(&self, component: &str) -> bool {
        self.0.contains(component)
    }

    fn begins(&self, stem: &str) -> bool {
        self.0.iter().any(|name| name.starts_with(stem))
    }
}

/// Whether a file is called like a licence or a notice.
fn is_licence(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    STEMS.iter().any(|stem| upper.starts_with(stem))
}

/// A package's name as all its spellings have it.
fn normal(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let parts: Vec<_> = lower
        .split(['-', '_', '.'])
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_package_has_one_name() {
        for name in ["jupyter-client", "Jupyter_Client", "jupyter.client"] {
            assert_eq!(normal(name), "jupyter-client");
        }
    }
}
