//! Licences as the classifiers of Python packages name them.

/// The classifiers that mean one licence and no other, without what all of them begin with.
const CLASSIFIERS: [(&str, &str); 21] = [
    ("Boost Software License 1.0 (BSL-1.0)", "BSL-1.0"),
    (
        "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication",
        "CC0-1.0",
    ),
    ("Eclipse Public License 2.0 (EPL-2.0)", "EPL-2.0"),
    ("European Union Public Licence 1.2 (EUPL 1.2)", "EUPL-1.2"),
    ("GNU Affero General Public License v3", "AGPL-3.0-only"),
    (
        "GNU Affero General Public License v3 or later (AGPLv3+)",
        "AGPL-3.0-or-later",
    ),
    ("GNU General Public License v2 (GPLv2)", "GPL-2.0-only"),
    (
        "GNU General Public License v2 or later (GPLv2+)",
        "GPL-2.0-or-later",
    ),
    ("GNU General Public License v3 (GPLv3)", "GPL-3.0-only"),
    (
        "GNU General Public License v3 or later (GPLv3+)",
        "GPL-3.0-or-later",
    ),
    (
        "GNU Lesser General Public License v2 or later (LGPLv2+)",
        "LGPL-2.0-or-later",
    ),
    (
        "GNU Lesser General Public License v3 (LGPLv3)",
        "LGPL-3.0-only",
    ),
    (
        "GNU Lesser General Public License v3 or later (LGPLv3+)",
        "LGPL-3.0-or-later",
    ),
    ("ISC License (ISCL)", "ISC"),
    ("MIT License", "MIT"),
    ("MIT No Attribution License (MIT-0)", "MIT-0"),
    ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
    ("The Unlicense (Unlicense)", "Unlicense"),
    ("Universal Permissive License (UPL)", "UPL-1.0"),
    ("zlib/libpng License", "Zlib"),
    ("Zero-Clause BSD (0BSD)", "0BSD"),
];

/// The licence that a package's classifiers name. None if they name several, of which nobody says whether one
/// may choose, or one that stands for a family.
pub fn from_classifiers(classifiers: &[String]) -> Option<String> {
    let [classifier] = classifiers else {
        return None;
    };
    let (_, last) = classifier.rsplit_once(" :: ")?;
    let known = CLASSIFIERS.iter().find(|(name, _)| *name == last);
    known.map(|(_, id)| (*id).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::licence::expression;

    #[test]
    fn one_classifier_with_one_meaning_is_a_licence() {
        let of = |names: &[&str]| {
            let names: Vec<String> = names
                .iter()
                .map(|name| format!("License :: OSI Approved :: {name}"))
                .collect();
            from_classifiers(&names)
        };
        assert_eq!(of(&["MIT License"]).as_deref(), Some("MIT"));
        assert_eq!(of(&["BSD License"]), None);
        assert_eq!(of(&["MIT License", "ISC License (ISCL)"]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn every_identifier_is_one_of_spdx() {
        for (_, id) in CLASSIFIERS {
            assert_eq!(expression(id).as_deref(), Some(id));
        }
    }
}
