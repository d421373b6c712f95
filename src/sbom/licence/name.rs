//! Names of licences in the header `License`, which was free text before there were expressions.

use super::expression;

/// Names that mean one licence and no other, in lower case. `BSD`, `GPL` and `Apache` are not among them.
const NAMES: [(&str, &str); 29] = [
    ("2-clause bsd", "BSD-2-Clause"),
    ("3-clause bsd", "BSD-3-Clause"),
    ("3-clause bsd license", "BSD-3-Clause"),
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache 2.0 license", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("apache license version 2.0", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache software license 2.0", "Apache-2.0"),
    ("apache-2", "Apache-2.0"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("bsd 2-clause license", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("expat license", "MIT"),
    ("isc license", "ISC"),
    ("lgpl-2.1+", "LGPL-2.1-or-later"),
    ("lgplv3+", "LGPL-3.0-or-later"),
    ("mit license", "MIT"),
    ("modified bsd license", "BSD-3-Clause"),
    ("mpl 2.0", "MPL-2.0"),
    ("mozilla public license 2.0", "MPL-2.0"),
    ("new bsd", "BSD-3-Clause"),
    ("new bsd license", "BSD-3-Clause"),
    ("psf license", "PSF-2.0"),
    ("simplified bsd license", "BSD-2-Clause"),
    ("the mit license", "MIT"),
    ("the mit license (mit)", "MIT"),
];

/// The expression for a name of a licence: an expression as it is, or a name that means only one.
pub fn from_name(name: &str) -> Option<String> {
    let name = name.trim().trim_end_matches('.');
    let known = || {
        let lower = name.to_lowercase();
        NAMES.iter().find(|(other, _)| *other == lower)
    };
    expression(name).or_else(|| known().map(|(_, id)| (*id).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_means_one_licence_becomes_its_identifier() {
        for (name, id) in [
            ("MIT License", "MIT"),
            ("Apache License, Version 2.0", "Apache-2.0"),
            ("BSD-3-Clause", "BSD-3-Clause"),
            ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ] {
            assert_eq!(from_name(name).as_deref(), Some(id));
        }
        for name in ["BSD", "Apache", "GPL", "see LICENSE", ""] {
            assert_eq!(from_name(name), None, "{name}");
        }
    }

    #[test]
    fn every_identifier_is_one_of_spdx() {
        for (_, id) in NAMES {
            assert_eq!(expression(id).as_deref(), Some(id));
        }
    }
}
