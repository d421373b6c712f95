//! Components as packages of a document.

use super::licences::{Declared, Licences};
use super::notes::Notes;
use super::spdx::{Checksum, ExternalRef, NO_ASSERTION, Package};
use super::{Component, Facts, Installed, Kind, Parts, purl};
use crate::digest::Digest;

/// The identifier of the volume.
pub(super) const VOLUME: &str = "SPDXRef-volume";

/// The identifier of an element. What identifiers may not have becomes `-`, and then digits of the name's digest
/// keep two such names apart.
pub(super) fn id(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let plain = name.replace(|c| !allowed(c), "-");
    if plain == name {
        return format!("SPDXRef-{plain}");
    }
    let digest = Digest::of(name.as_bytes()).hex();
    format!("SPDXRef-{plain}-{}", &digest[..8])
}

/// The volume itself.
pub(super) fn volume(parts: &Parts, facts: &Facts, notes: &Notes) -> Package {
    let volume = &parts.volume;
    let mut annotations = notes.trees(facts);
    annotations.extend(notes.dropped(parts));
    Package {
        name: volume.name.clone(),
        id: VOLUME.to_owned(),
        version_info: Some(volume.version.to_string()),
        primary_package_purpose: "CONTAINER".to_owned(),
        download_location: NO_ASSERTION.to_owned(),
        license_concluded: NO_ASSERTION.to_owned(),
        license_declared: NO_ASSERTION.to_owned(),
        copyright_text: NO_ASSERTION.to_owned(),
        summary: Some(format!(
            "The runtime volume for {}, C library `{}`, Python {}, mounted at {}",
            parts.platform, volume.libc, parts.python, volume.prefix
        )),
        annotations,
        ..Package::default()
    }
}

/// One component.
pub(super) fn component(
    component: &Component,
    facts: &Facts,
    notes: &Notes,
    licences: &mut Licences<'_>,
) -> Package {
    let read = facts.read.get(&component.input);
    let mut component = component.clone();
    if let (None, Some(read)) = (&component.file, read) {
        component.file = Some(read.file.clone());
        if component.kind == Kind::Source {
            component.learn_file();
        }
    }
    let sha256 = component.sha256.or(read.map(|read| read.sha256));
    let installed = installed(&component, facts);
    if let Some(installed) = installed {
        // A lock may leave the version to the wheel.
        component
            .version
            .get_or_insert_with(|| installed.version.clone());
    }
    let Declared {
        expression,
        because,
    } = licences.of(&component, installed);
    let mut annotations: Vec<_> = installed
        .map(|found| notes.place(found))
        .into_iter()
        .collect();
    if component.stage == "ttyd" {
        annotations.extend(notes.patches(facts, &component.name));
    }
    let checksum = |digest: Digest| Checksum {
        algorithm: "SHA256".to_owned(),
        checksum_value: digest.hex(),
    };
    Package {
        name: component.name.clone(),
        id: id(&component.input),
        version_info: component.version.clone(),
        package_file_name: component.file.clone(),
        primary_package_purpose: purpose(component.kind).to_owned(),
        download_location: component
            .url
            .clone()
            .unwrap_or_else(|| NO_ASSERTION.to_owned()),
        checksums: sha256.into_iter().map(checksum).collect(),
        source_info: component
            .url
            .is_none()
            .then(|| "Given by a build context".to_owned()),
        license_declared: expression,
        license_comments: because,
        external_refs: purl::of(&component, sha256)
            .map(external)
            .into_iter()
            .collect(),
        annotations,
        ..about(installed)
    }
}

/// A Python package that the plan does not know: its distribution brought it.
pub(super) fn bundled(
    installed: &Installed,
    notes: &Notes,
    licences: &mut Licences<'_>,
) -> Package {
    let Declared {
        expression,
        because,
    } = licences.of_installed(installed);
    Package {
        name: installed.name.clone(),
        id: bundled_id(installed),
        version_info: Some(installed.version.clone()),
        primary_package_purpose: purpose(Kind::Wheel).to_owned(),
        download_location: NO_ASSERTION.to_owned(),
        source_info: Some(format!("Part of the `{}` tree", installed.layer)),
        license_declared: expression,
        license_comments: because,
        external_refs: vec![external(purl::pypi(
            &installed.name,
            Some(&installed.version),
        ))],
        annotations: vec![notes.place(installed)],
        ..about(Some(installed))
    }
}

/// The identifier of such a package.
pub(super) fn bundled_id(installed: &Installed) -> String {
    id(&format!("{}-bundled-{}", installed.layer, installed.name))
}

/// What is installed of a component.
pub(super) fn installed<'a>(component: &Component, facts: &'a Facts) -> Option<&'a Installed> {
    let is_wheel = component.kind == Kind::Wheel && component.stage == "wheels";
    let mut all = facts.installed.iter();
    all.find(|one| {
        is_wheel && component.layer.as_ref() == Some(&one.layer) && one.name == component.name
    })
}

fn about(installed: Option<&Installed>) -> Package {
    Package {
        homepage: installed.and_then(|one| one.home.clone()),
        summary: installed.and_then(|one| one.summary.clone()),
        license_concluded: NO_ASSERTION.to_owned(),
        copyright_text: NO_ASSERTION.to_owned(),
        ..Package::default()
    }
}

fn external(purl: String) -> ExternalRef {
    ExternalRef {
        reference_category: "PACKAGE-MANAGER".to_owned(),
        reference_type: "purl".to_owned(),
        reference_locator: purl,
    }
}

fn purpose(kind: Kind) -> &'static str {
    match kind {
        Kind::Python => "FRAMEWORK",
        Kind::Wheel | Kind::Debian => "LIBRARY",
        Kind::Source => "SOURCE",
        Kind::Binary => "APPLICATION",
        Kind::File => "FILE",
    }
}
