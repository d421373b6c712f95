//! Labels and annotations of a plan.

use std::collections::BTreeMap;

use super::planner::Planner;
use crate::labels::keys;
use crate::spec::KeyPath;

/// The spec's own labels and annotations, and with each of them what krunner says about the volume.
pub(super) fn marks(
    planner: &mut Planner<'_>,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let document = planner.spec.document();
    let own = own(document);
    let mut labels = texts(planner, "labels", &document.labels);
    let mut annotations = texts(planner, "annotations", &document.annotations);
    labels.extend(own.clone());
    annotations.extend(own);
    (labels, annotations)
}

fn own(document: &crate::spec::Document) -> BTreeMap<String, String> {
    let volume = &document.volume;
    let marks = [
        (keys::VERSION, volume.version.to_string()),
        (keys::DISTRO, volume.name.clone()),
        (keys::LIBC, volume.libc.to_string()),
        (keys::PYTHON, document.python.version.clone()),
        (keys::PREFIX, volume.prefix.clone()),
    ];
    marks.map(|(key, value)| (key.to_owned(), value)).into()
}

/// Texts with arguments put in. One whose argument is missing is left out: the problem was noted.
fn texts(
    planner: &mut Planner<'_>,
    table: &str,
    texts: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut expanded = BTreeMap::new();
    for (key, text) in texts {
        if let Some(text) = planner.text(text, &KeyPath::from([table, key])) {
            expanded.insert(key.clone(), text);
        }
    }
    expanded
}
