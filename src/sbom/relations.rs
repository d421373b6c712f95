//! How the elements of a document belong together.

use std::collections::BTreeSet;

use super::package::{VOLUME, bundled_id, id, installed};
use super::spdx::{DOCUMENT, Relationship};
use super::{Component, Facts, Kind, Parts, depends};

/// All relationships, sorted.
pub(super) fn relations(parts: &Parts, facts: &Facts) -> Vec<Relationship> {
    let mut all = BTreeSet::new();
    let mut add = |from: &str, kind: &str, to: &str| {
        all.insert(Relationship {
            spdx_element_id: from.to_owned(),
            relationship_type: kind.to_owned(),
            related_spdx_element: to.to_owned(),
        });
    };
    add(DOCUMENT, "DESCRIBES", VOLUME);
    let ttyd = parts
        .components
        .iter()
        .find(|part| part.stage == "ttyd" && part.name == "ttyd");
    for part in &parts.components {
        let own = id(&part.input);
        match (part.stage.as_str(), ttyd) {
            // What it is linked with is in it.
            ("ttyd", Some(ttyd)) if part.name != "ttyd" => {
                add(&id(&ttyd.input), "STATIC_LINK", &own);
            }
            ("toolchain", Some(ttyd)) => add(&own, "BUILD_TOOL_OF", &id(&ttyd.input)),
            ("bytecode" | "toolchain", _) => add(&own, "BUILD_TOOL_OF", VOLUME),
            // Of such an archive only a licence was taken, if anything.
            _ if is_unused(part, facts) => add(&own, "BUILD_DEPENDENCY_OF", VOLUME),
            _ => add(VOLUME, "CONTAINS", &own),
        }
        if let Some(found) = installed(part, facts) {
            for name in depends::of(found, parts) {
                let is_it = |other: &&Component| {
                    other.kind == Kind::Wheel && other.stage == "wheels" && other.name == name
                };
                if let Some(other) = parts.components.iter().find(is_it) {
                    add(&own, "DEPENDS_ON", &id(&other.input));
                }
            }
        }
    }
    for found in super::document::bundled(parts, facts) {
        let mut parts = parts.components.iter();
        let owner = parts
            .find(|part| part.kind == Kind::Python && part.layer.as_ref() == Some(&found.layer));
        let owner = owner.map_or_else(|| VOLUME.to_owned(), |part| id(&part.input));
        add(&owner, "CONTAINS", &bundled_id(found));
    }
    all.into_iter().collect()
}

/// Whether an archive of the C runtime has nothing in the volume.
fn is_unused(part: &Component, facts: &Facts) -> bool {
    let name = if part.kind == Kind::Debian {
        part.name.clone()
    } else {
        return false;
    };
    part.stage == "runtime"
        && !facts.licences.is_empty()
        && !facts.licences.contains_key(&format!("runtime/{name}"))
}
