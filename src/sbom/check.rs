//! The rules of SPDX 2.3 that a document of ours must keep.

use std::collections::BTreeSet;

use super::licence;
use super::spdx::{DOCUMENT, Document, NO_ASSERTION};

/// A rule that a document breaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Fault {
    /// A field that must be something in particular, or must not be empty.
    #[error("`{field}` of `{element}` must not be `{value}`")]
    Field {
        /// Whose.
        element: String,
        /// Which.
        field: &'static str,
        /// What it is.
        value: String,
    },
    /// An identifier with a character that none may have, or without its beginning.
    #[error("Not an identifier: `{0}`")]
    Identifier(String),
    /// Two elements of one identifier.
    #[error("Two elements are called `{0}`")]
    Twice(String),
    /// A relationship, licence or description of what is not there.
    #[error("There is no `{0}` in the document")]
    Missing(String),
    /// Not an expression of what SPDX lists and what the document brings.
    #[error("Not a licence expression: `{0}`")]
    Licence(String),
    /// A text of a licence that nothing comes under.
    #[error("Nothing comes under the licence `{0}`")]
    Unused(String),
}

/// All rules that `document` breaks; none if it may go out.
pub fn check(document: &Document) -> BTreeSet<Fault> {
    let mut faults = BTreeSet::new();
    let mut field = |element: &str, field, value: &str, right: bool| {
        if !right {
            faults.insert(Fault::Field {
                element: element.to_owned(),
                field,
                value: value.to_owned(),
            });
        }
    };
    let header = [
        (
            "spdxVersion",
            &document.spdx_version,
            document.spdx_version == "SPDX-2.3",
        ),
        (
            "dataLicense",
            &document.data_license,
            document.data_license == "CC0-1.0",
        ),
        ("SPDXID", &document.id, document.id == DOCUMENT),
        ("name", &document.name, !document.name.is_empty()),
        (
            "documentNamespace",
            &document.document_namespace,
            is_namespace(&document.document_namespace),
        ),
        (
            "created",
            &document.creation_info.created,
            is_date(&document.creation_info.created),
        ),
    ];
    for (name, value, right) in header {
        field(DOCUMENT, name, value, right);
    }
    let creators = &document.creation_info.creators;
    let is_creator = |creator: &String| {
        ["Tool: ", "Organization: ", "Person: "]
            .iter()
            .any(|kind| creator.len() > kind.len() && creator.starts_with(kind))
    };
    field(
        DOCUMENT,
        "creators",
        &creators.join(", "),
        !creators.is_empty() && creators.iter().all(is_creator),
    );
    for package in &document.packages {
        let id = &package.id;
        field(id, "name", &package.name, !package.name.is_empty());
        let place = &package.download_location;
        let right = place == NO_ASSERTION || place.contains("://");
        field(id, "downloadLocation", place, right);
        for sum in &package.checksums {
            let value = &sum.checksum_value;
            let right =
                sum.algorithm == "SHA256" && crate::digest::Digest::parse_hex(value).is_ok();
            field(id, "checksums", value, right);
        }
        for reference in &package.external_refs {
            let purl = &reference.reference_locator;
            let right = reference.reference_type == "purl"
                && purl.starts_with("pkg:")
                && !purl.contains(char::is_whitespace);
            field(id, "externalRefs", purl, right);
        }
        for note in &package.annotations {
            let right = is_date(&note.annotation_date) && !note.comment.is_empty();
            field(id, "annotations", &note.comment, right);
        }
    }
    elements(document, &mut faults);
    licences(document, &mut faults);
    faults
}

/// Identifiers are right and unique, and whatever is spoken of is there.
fn elements(document: &Document, faults: &mut BTreeSet<Fault>) {
    let mut ids = BTreeSet::from([document.id.as_str()]);
    for package in &document.packages {
        if !is_id(&package.id, "SPDXRef-") {
            faults.insert(Fault::Identifier(package.id.clone()));
        }
        if !ids.insert(&package.id) {
            faults.insert(Fault::Twice(package.id.clone()));
        }
    }
    let ends = document
        .relationships
        .iter()
        .flat_map(|relation| [&relation.spdx_element_id, &relation.related_spdx_element]);
    for end in ends.chain(&document.document_describes) {
        if !ids.contains(end.as_str()) {
            faults.insert(Fault::Missing(end.clone()));
        }
    }
}

/// Expressions are right, and each text has a name that something uses.
fn licences(document: &Document, faults: &mut BTreeSet<Fault>) {
    let mut used = BTreeSet::new();
    let own = |word: &str| word.starts_with("LicenseRef-");
    for package in &document.packages {
        for text in [&package.license_declared, &package.license_concluded] {
            let words = text.split([' ', '(', ')']).filter(|word| own(word));
            used.extend(words.clone());
            // A text of our own stands where any licence may.
            let plain = words.fold(text.clone(), |text, word| text.replacen(word, "MIT", 1));
            if text != NO_ASSERTION && licence::expression(&plain).is_none() {
                faults.insert(Fault::Licence(text.clone()));
            }
        }
    }
    let mut known = BTreeSet::new();
    for text in &document.has_extracted_licensing_infos {
        if !is_id(&text.license_id, "LicenseRef-") || text.extracted_text.is_empty() {
            faults.insert(Fault::Identifier(text.license_id.clone()));
        }
        if !known.insert(text.license_id.as_str()) {
            faults.insert(Fault::Twice(text.license_id.clone()));
        }
    }
    let missing = used.difference(&known);
    faults.extend(missing.map(|id| Fault::Missing((*id).to_owned())));
    let unused = known.difference(&used);
    faults.extend(unused.map(|id| Fault::Unused((*id).to_owned())));
}

fn is_id(id: &str, beginning: &str) -> bool {
    id.strip_prefix(beginning).is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
    })
}

/// An absolute address without a fragment.
fn is_namespace(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && c != '#';
    text.starts_with("https://") && text.chars().all(plain)
}

/// `YYYY-MM-DDThh:mm:ssZ`.
fn is_date(text: &str) -> bool {
    let form = "0000-00-00T00:00:00Z";
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(c, form)| match form {
            '0' => c.is_ascii_digit(),
            form => c == form,
        })
}
