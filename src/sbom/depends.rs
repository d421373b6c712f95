//! Which Python packages need which others, as far as both are in the volume.

use std::collections::BTreeSet;

use super::{Installed, Parts};
use crate::plan::python_environment;
use crate::spec::lock::{normalize, parse_marker};

/// The normalised names of the packages that `installed` needs on the volume's platform. What is asked for only
/// together with an extra is left out: nobody says which extras were asked for.
pub(super) fn of(installed: &Installed, parts: &Parts) -> BTreeSet<String> {
    let Some(environment) = python_environment(&parts.python, parts.platform) else {
        return BTreeSet::new();
    };
    let names = installed.requires.iter().filter_map(|text| {
        let (requirement, marker) = match text.rsplit_once(';') {
            Some((requirement, marker)) => (requirement, Some(parse_marker(marker.trim()).ok()?)),
            None => (text.as_str(), None),
        };
        let needed = marker.is_none_or(|marker| marker.evaluate(&environment, &[]));
        needed.then(|| name(requirement))?
    });
    names.collect()
}

/// The name that a requirement begins with.
fn name(requirement: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    normalize(requirement.trim().split(|c| !allowed(c)).next()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sbom::tests::parts;

    fn needed(requires: &[&str]) -> Vec<String> {
        let installed = Installed {
            requires: requires.iter().copied().map(str::to_owned).collect(),
            ..Installed::default()
        };
        of(&installed, &parts()).into_iter().collect()
    }

    #[test]
    fn what_the_platform_and_no_extra_asks_for_is_needed() {
        let names = needed(&[
            "Jupyter_Core!=5.0.*,>=4.12",
            "attrs>=22 ; python_version < \"3.8\"",
            "cffi; implementation_name == 'cpython'",
            "pytest; extra == \"test\"",
            "tornado[a] (>=6)",
        ]);
        assert_eq!(names, ["cffi", "jupyter-core", "tornado"]);
    }

    proptest! {
        #[test]
        fn any_requirement_can_be_read(text in "\\PC{0,80}") {
            needed(&[&text]);
        }
    }
}
