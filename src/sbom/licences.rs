//! The licence of each component, from what its metadata and its texts say, and the texts that SPDX has no name for.

use std::collections::{BTreeMap, BTreeSet};

use super::spdx::{Extracted, NO_ASSERTION};
use super::{Component, Facts, Installed, Kind, Licence, licence};
use crate::digest::Digest;

/// Digits of a text's digest in the name that we give it: enough that two texts never share one.
const DIGITS: usize = 16;
/// The longest text that is repeated in a document. Of longer ones the beginning is, and the digest of all.
const LONGEST: usize = 64 << 10;

/// Texts that one component may have before they are no longer joined to an expression.
const MOST: usize = 256;

/// What is known of a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    /// An expression.
    pub(super) expression: String,
    /// How we know.
    pub(super) because: Option<String>,
}

/// Finds licences, and keeps the texts that have to be repeated.
#[derive(Debug)]
pub(super) struct Licences<'a> {
    facts: &'a Facts,
    extracted: BTreeMap<String, Extracted>,
}

impl<'a> Licences<'a> {
    pub(super) fn new(facts: &'a Facts) -> Self {
        Self {
            facts,
            extracted: BTreeMap::new(),
        }
    }

    /// The licence of a component. Of tools nothing is known: they leave nothing in the trees.
    pub(super) fn of(&mut self, component: &Component, installed: Option<&Installed>) -> Declared {
        let key = match (component.kind, component.stage.as_str()) {
            (Kind::Wheel, "wheels") => format!("wheels/{}", component.name),
            (Kind::Debian, "runtime") => format!("runtime/{}", component.name),
            (_, "python") => "python".to_owned(),
            (_, "ttyd") => component.name.clone(),
            _ => return nothing(),
        };
        self.declared(installed, &key)
    }

    /// The licence of a package that its distribution brought along.
    pub(super) fn of_installed(&mut self, installed: &Installed) -> Declared {
        self.declared(Some(installed), "")
    }

    fn declared(&mut self, installed: Option<&Installed>, key: &str) -> Declared {
        if let Some(declared) = installed.and_then(from_metadata) {
            return declared;
        }
        let texts: Vec<&Licence> = self.facts.licences.get(key).into_iter().flatten().collect();
        let texts: Vec<&Licence> = texts.into_iter().filter(|text| says(text)).collect();
        if !texts.is_empty() && texts.len() <= MOST {
            return self.told_by(&texts);
        }
        let said = installed.and_then(|installed| installed.licence.as_deref());
        said.map_or_else(nothing, |text| Declared {
            expression: self.reference(text),
            because: Some("`License` of the package's metadata".to_owned()),
        })
    }

    /// All of the texts hold.
    fn told_by(&mut self, texts: &[&Licence]) -> Declared {
        let mut terms = BTreeSet::new();
        let mut all_known = true;
        for licence in texts {
            let known = licence::from_text(&licence.text);
            all_known &= known.is_some();
            terms.insert(known.map_or_else(|| self.reference(&licence.text), str::to_owned));
        }
        let how = if all_known {
            "Told by the text in the volume"
        } else {
            "The text in the volume"
        };
        let paths: Vec<&str> = texts.iter().map(|text| text.path.as_str()).collect();
        Declared {
            expression: Vec::from_iter(terms).join(" AND "),
            because: Some(format!("{how}: {}", paths.join(", "))),
        }
    }

    /// The name of a text that has none.
    fn reference(&mut self, text: &str) -> String {
        let digest = Digest::of(text.as_bytes()).hex();
        let id = format!("LicenseRef-{}", &digest[..DIGITS]);
        self.extracted
            .entry(id.clone())
            .or_insert_with(|| Extracted {
                license_id: id.clone(),
                name: title(text),
                extracted_text: shortened(text, &digest),
            });
        id
    }

    /// The texts, sorted by name.
    pub(super) fn into_extracted(self) -> Vec<Extracted> {
        self.extracted.into_values().collect()
    }
}

fn nothing() -> Declared {
    Declared {
        expression: NO_ASSERTION.to_owned(),
        because: None,
    }
}

fn from_metadata(installed: &Installed) -> Option<Declared> {
    let expression = installed
        .expression
        .as_deref()
        .and_then(licence::expression);
    let named = installed.licence.as_deref().and_then(licence::from_name);
    let classified = licence::from_classifiers(&installed.classifiers);
    let (expression, header) = expression
        .map(|found| (found, "License-Expression"))
        .or_else(|| named.map(|found| (found, "License")))
        .or_else(|| classified.map(|found| (found, "Classifier")))?;
    Some(Declared {
        expression,
        because: Some(format!("`{header}` of the package's metadata")),
    })
}

/// Whether a file says something. The one that stands in where a wheel has no text says no more than the metadata.
fn says(licence: &Licence) -> bool {
    !licence.text.trim().is_empty() && !licence.path.ends_with("/LICENSE-METADATA")
}

/// The first words of a text, by which people tell it from others.
fn title(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or(NO_ASSERTION).chars().take(80).collect()
}

fn shortened(text: &str, digest: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let mut end = LONGEST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!(
        "{}\n[…] The SHA-256 of the whole text: {digest}\n",
        &text[..end]
    )
}
