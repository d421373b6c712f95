//! The document: what the plan knows and what was found, put together.

use super::licences::Licences;
use super::notes::Notes;
use super::package::{self, VOLUME};
use super::relations::relations;
use super::spdx::{CreationInfo, DOCUMENT, Document};
use super::{Facts, Installed, Kind, Parts};
use crate::digest::Digest;

/// The document of one platform's volume.
pub fn document(parts: &Parts, facts: &Facts) -> Document {
    let notes = Notes::new(parts, facts);
    let mut licences = Licences::new(facts);
    let mut packages = vec![package::volume(parts, facts, &notes)];
    for component in &parts.components {
        packages.push(package::component(component, facts, &notes, &mut licences));
    }
    for installed in bundled(parts, facts) {
        packages.push(package::bundled(installed, &notes, &mut licences));
    }
    let volume = &parts.volume;
    let architecture = parts.platform.architecture.oci();
    let name = format!("krunner-{}-{}-{architecture}", volume.name, volume.version);
    let mut document = Document {
        spdx_version: "SPDX-2.3".to_owned(),
        // What the specification asks of every document; it is about the document, not about what it describes.
        data_license: "CC0-1.0".to_owned(),
        id: DOCUMENT.to_owned(),
        document_namespace: String::new(),
        creation_info: CreationInfo {
            created: notes.date().to_owned(),
            creators: vec![notes.tool().to_owned()],
            license_list_version: list_version(),
        },
        document_describes: vec![VOLUME.to_owned()],
        packages,
        has_extracted_licensing_infos: licences.into_extracted(),
        relationships: relations(parts, facts),
        name,
    };
    // Must be of this document alone, and of every copy of it.
    let digest = Digest::of(document.to_json().as_bytes()).hex();
    document.document_namespace = format!("https://spdx.org/spdxdocs/{}-{digest}", document.name);
    document
}

/// The Python packages that are installed and that no component of the plan is.
pub(super) fn bundled<'a>(parts: &Parts, facts: &'a Facts) -> Vec<&'a Installed> {
    let known = |installed: &Installed| {
        parts.components.iter().any(|part| {
            part.kind == Kind::Wheel
                && part.layer.as_ref() == Some(&installed.layer)
                && part.name == installed.name
        })
    };
    let mut rest: Vec<&Installed> = facts.installed.iter().filter(|one| !known(one)).collect();
    rest.sort_by(|a, b| (&a.layer, &a.name).cmp(&(&b.layer, &b.name)));
    // Two folders may be of one package.
    rest.dedup_by_key(|one| (&one.layer, &one.name));
    rest
}

/// The version of SPDX's list of licences, of which documents give two numbers.
fn list_version() -> String {
    let mut numbers = spdx::license_version().split('.');
    let mut next = || numbers.next().unwrap_or("0");
    format!("{}.{}", next(), next())
}
