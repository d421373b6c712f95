//! Collects the licences of a wheel: its own files, those of libraries bundled with it, or, where it
//! has no file, what its metadata says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use super::headers::Headers;
use super::prepare::Prepared;
use super::{Fault, Faulty, path};
use crate::tool::archive;
use crate::tool::tree::Tree;

/// How licence files begin, in any case.
const STEMS: [&str; 6] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "NOTICE",
    "THIRD-PARTY",
    "THIRD_PARTY",
];
/// Files that begin so and are code or data all the same.
const CODE: [&str; 8] = ["py", "pyc", "pyi", "so", "h", "c", "js", "json"];

/// What stands in where a wheel has no licence file.
const FROM_METADATA: &str = "LICENSE-METADATA";

/// All that [`write()`] writes, relative to the volume.
pub(super) fn places(wheel: &Prepared) -> Vec<String> {
    let mut names: Vec<String> = files(wheel).into_keys().collect();
    if names.is_empty() {
        names.push(FROM_METADATA.to_owned());
    }
    let folder = folder(wheel);
    names
        .iter()
        .map(|name| format!("{folder}/{name}"))
        .collect()
}

fn folder(wheel: &Prepared) -> String {
    format!("licenses/wheels/{}", wheel.package)
}

/// Writes `licenses/wheels/PACKAGE`.
pub(super) fn write(wheel: &mut Prepared, tree: &Tree, owner: &Arc<str>) -> Result<(), Faulty> {
    let folder = folder(wheel);
    let files = files(wheel);
    for (name, index) in &files {
        let place = path(&format!("{folder}/{name}"))?;
        let failed = |fault: Fault| (Some(name.clone()), fault);
        let mut entry = wheel
            .archive
            .by_index(*index)
            .map_err(|error| failed(archive::zip_refusal(error).into()))?;
        tree.file(&place, false, owner, &mut entry)
            .map_err(|refusal| failed(refusal.into()))?;
    }
    if !files.is_empty() {
        return Ok(());
    }
    let text = from_metadata(&wheel.metadata).ok_or((None, Fault::NoLicence))?;
    let name = format!("{folder}/{FROM_METADATA}");
    tree.file(&path(&name)?, false, owner, &mut text.as_bytes())
        .map_err(|refusal| (Some(name), refusal.into()))?;
    Ok(())
}

/// The licence files of a wheel: the name under the package's folder, and the index in the archive.
fn files(wheel: &Prepared) -> BTreeMap<String, usize> {
    let declared: BTreeSet<&str> = wheel.metadata.all("License-File").collect();
    let mut files = BTreeMap::new();
    for file in &wheel.files {
        let name = file.name.as_str();
        let below = name
            .strip_prefix(&wheel.dist_info)
            .and_then(|below| below.strip_prefix('/'));
        let under_licenses = below.and_then(|below| below.strip_prefix("licenses/"));
        let wanted = under_licenses.is_some()
            || below.is_some_and(|below| declared.contains(below))
            || is_licence(file.name.name());
        if !wanted {
            continue;
        }
        let short = under_licenses.or(below).unwrap_or(name);
        // A file may lie both beside and under `licenses`; both are kept.
        let key = if files.contains_key(short) {
            name
        } else {
            short
        };
        files.insert(key.to_owned(), file.index);
    }
    files
}

/// Whether a file is called like a licence or a notice.
pub(crate) fn is_licence(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    STEMS.iter().any(|stem| upper.starts_with(stem))
        && !CODE.iter().any(|code| extension.eq_ignore_ascii_case(code))
}

/// What the metadata says of the licence; none if it says nothing.
fn from_metadata(metadata: &Headers) -> Option<String> {
    let mut text = String::new();
    for header in ["License-Expression", "License", "Classifier"] {
        for value in metadata.all(header) {
            let is_licence = header != "Classifier" || value.starts_with("License ::");
            if is_licence && value != "UNKNOWN" {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{header}: {value}");
            }
        }
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_told_from_code_by_name() {
        for name in [
            "LICENSE",
            "license.txt",
            "LICENSE.BSD",
            "COPYING.LESSER",
            "NOTICE.md",
        ] {
            assert!(is_licence(name), "{name}");
        }
        for name in ["license.py", "README", "licenses.json", "unlicense"] {
            assert!(!is_licence(name), "{name}");
        }
    }

    #[test]
    fn only_licence_classifiers_count() {
        let metadata = |text| from_metadata(&Headers::parse(text));
        assert_eq!(metadata("Classifier: Topic :: X\nLicense: UNKNOWN\n"), None);
        assert_eq!(
            metadata("License: MIT\nClassifier: License :: OSI Approved").unwrap(),
            "License: MIT\nClassifier: License :: OSI Approved\n"
        );
    }
}
